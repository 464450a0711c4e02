// SPDX-License-Identifier: MIT

#include "operations_contract.hpp"

namespace contract {

INSTANTIATE_TEST_SUITE_P(tapered, operations_contract,
                         ::testing::ValuesIn(operation_calls_of_list<binade::tapered_formats>()),
                         operations_name);
INSTANTIATE_TEST_SUITE_P(integer, operations_contract,
                         ::testing::ValuesIn(operation_calls_of_list<binade::integer_formats>()),
                         operations_name);
INSTANTIATE_TEST_SUITE_P(codebook, operations_contract,
                         ::testing::ValuesIn(operation_calls_of_list<binade::codebook_formats>()),
                         operations_name);

}  // namespace contract
