// SPDX-License-Identifier: MIT

#include "operations_contract.hpp"

namespace contract {

INSTANTIATE_TEST_SUITE_P(float, operations_contract,
                         ::testing::ValuesIn(operation_calls_of_list<binade::float_formats>()),
                         operations_name);

}  // namespace contract
