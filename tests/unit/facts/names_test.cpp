// Names and name servers in the system's files.
#include "facts/socket/names.h"

#include "test.h"

namespace hopcheck {

using List = std::vector<std::string>;

TEST_CASE("a name has the addresses of all lines that hold it") {
  const std::string text =
      "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # app.internal\n"
      "# 10.0.0.1 app.internal\n10.0.0.2 web App.Internal\n10.0.0.2 app.internal\nnonsense\n";
  CHECK(addresses_in(text, "localhost") == List{"127.0.0.1", "::1"});
  CHECK(addresses_in(text, "app.internal") == List{"10.0.0.2"});
  CHECK(addresses_in(text, "internal").empty());
  CHECK(addresses_in("", "localhost").empty());
}

TEST_CASE("name servers are those of nameserver lines") {
  CHECK(name_servers_in("# nameserver 10.0.0.1\nsearch x\nnameserver 127.0.0.53\n"
                        "nameserver fe80::1%eth0\nnameserver\noptions edns0\n") ==
        List{"127.0.0.53", "fe80::1%eth0"});
}

}  // namespace hopcheck
