// The accounts of this host, as its own files have them.
#pragma once

#include <string>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// /etc/passwd has a user of that name. Others may still come from a directory service.
Fact<bool> has_user(const Deployment& host, const std::string& name);

}  // namespace hopcheck
