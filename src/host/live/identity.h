// Who and where this machine is, what time it is, and what names mean here.
#pragma once

#include "host/live/accounts.h"
#include "host/live/system.h"

namespace hopcheck::live {

Answer identity(const Accounts& accounts);
Answer now();
Answer resolve(const std::string& name, const Deadline& deadline);

/// PRETTY_NAME of an os-release text, "" where it has none.
std::string pretty_name(const std::string& os_release);

}  // namespace hopcheck::live
