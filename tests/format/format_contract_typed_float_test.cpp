// SPDX-License-Identifier: MIT

#include "typed_contract.hpp"

namespace contract {

INSTANTIATE_TEST_SUITE_P(float, typed_contract,
                         ::testing::ValuesIn(typed_calls_of_list<binade::float_formats>()),
                         typed_name);

}  // namespace contract
