// SPDX-License-Identifier: MIT

#include "typed_contract.hpp"

namespace contract {

INSTANTIATE_TEST_SUITE_P(p3109, typed_contract,
                         ::testing::ValuesIn(typed_calls_of_list<binade::p3109_formats>()),
                         typed_name);

}  // namespace contract
