// SPDX-License-Identifier: MIT

#include "operations_contract.hpp"

namespace contract {

INSTANTIATE_TEST_SUITE_P(p3109, operations_contract,
                         ::testing::ValuesIn(operation_calls_of_list<binade::p3109_formats>()),
                         operations_name);

}  // namespace contract
