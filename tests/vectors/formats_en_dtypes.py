# SPDX-License-Identifier: MIT
"""en_dtypes: HiF8 to and from float32."""

import en_dtypes
import numpy as np

from format_file import FormatFile, boundary_inputs


def main():
    file = FormatFile("en_dtypes", ["en_dtypes", "numpy"], __file__)
    codes = np.arange(256, dtype=np.uint8)
    with np.errstate(all="ignore"):
        values = codes.view(en_dtypes.hifloat8).astype(np.float32)
        file.decode("hif8", 8, [(int(c), int(v)) for c, v in zip(codes, values.view(np.uint32))])
        inputs = boundary_inputs([float(v) for v in values[np.isfinite(values)]])
        x = np.array(inputs, dtype=np.uint32).view(np.float32)
        cast = x.astype(en_dtypes.hifloat8).view(np.uint8)
    file.encode("hif8", 8, ["ties_to_away/none"], inputs, [[int(c)] for c in cast])
    file.write()


if __name__ == "__main__":
    main()
