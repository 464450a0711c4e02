// SPDX-License-Identifier: MIT

#include "typed_contract.hpp"

namespace contract {

INSTANTIATE_TEST_SUITE_P(tapered, typed_contract,
                         ::testing::ValuesIn(typed_calls_of_list<binade::tapered_formats>()),
                         typed_name);
INSTANTIATE_TEST_SUITE_P(integer, typed_contract,
                         ::testing::ValuesIn(typed_calls_of_list<binade::integer_formats>()),
                         typed_name);
INSTANTIATE_TEST_SUITE_P(codebook, typed_contract,
                         ::testing::ValuesIn(typed_calls_of_list<binade::codebook_formats>()),
                         typed_name);

}  // namespace contract
