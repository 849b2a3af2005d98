// What a component alone in a host test has logged (lone_component.cpp).
#pragma once
#include <string>
#include <vector>

namespace pith {

extern std::vector<std::string> logged;

}  // namespace pith
