// SPDX-License-Identifier: MIT
// Linked with consumer/main.cpp: a definition that is not inline would now be there twice.
#include "binade/binade.hpp"

float round_in_second_unit(float x) { return binade::convert<binade::e4m3fn>(x); }
