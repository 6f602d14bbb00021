// The reducer for Python sources.
#pragma once

#include "host/reducers.h"

namespace hopcheck {

/// "12 app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)": the numbered lines that tell what a source
/// makes of forwarded requests, strings emptied; ends in "0 truncated" where there is more.
std::string reduce_python_forwarding(const ByteSource& source, const std::string& format);

}  // namespace hopcheck
