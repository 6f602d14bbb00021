// The reducer for the Python file that makes a Flask application.
#pragma once

#include "host/reducers.h"

namespace hopcheck {

/// A line for each statement that tells how the application is put together, with its number:
/// "4 app app", "12 route app GET /health", "30 run app debug=True port=8000", "2 import views";
/// nothing else of the file. Ends in "0 truncated" where there is more of it.
std::string reduce_flask(const ByteSource& source, const std::string& format);

}  // namespace hopcheck
