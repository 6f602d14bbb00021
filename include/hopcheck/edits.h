// Edits of nginx's configuration, with the lines as they stand in the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// What makes `name value;` hold in the block at `block` and those in it: the line in force
/// changed, or one added as the block's first. Empty where the file could not be read as it is.
std::vector<Edit> set_directive(const Deployment& host, const nginx::Instance& instance,
                                std::uint32_t block, const std::string& name,
                                const std::string& value);

/// Likewise for the main part of the configuration, outside of all blocks.
std::vector<Edit> set_main_directive(const Deployment& host, const nginx::Instance& instance,
                                     const std::string& name, const std::string& value);

/// The worker_connections line of the events block; nothing where none is written (512).
std::optional<nginx::Directive> connections_line(const nginx::Config& config);

/// Lets each worker have several times the usual connections, and the files that they take. Empty
/// where many were chosen already, or where the file could not be read as it is.
std::vector<Edit> more_connections(const Deployment& host, const nginx::Instance& instance);

/// "4k", "10m", "1g" in bytes, 0 where it is none.
long long size_bytes(const std::string& text);
/// "60s", "500ms", "1m 30s", "60" as nginx reads times, in milliseconds; 0 where it is none.
long long time_ms(const std::string& text);

}  // namespace hopcheck
