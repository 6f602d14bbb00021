// Holds an unknown name against the known ones.
#include "facts/nginx/misspelt.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>

#include "facts/nginx/letters.h"
#include "facts/text/nearest.h"
#include "facts/text/words.h"

namespace hopcheck::nginx {

namespace {

// Directives of other people's modules that are nearly called as one of nginx's own.
constexpr const char* kForeign =
    "dash geoip2_proxy geoip2_proxy_recursive http3_max_concurrent_pushes http3_push "
    "http3_push_preload js_engine js_preread read_timeout resolve ssl_ct subs_filter "
    "subs_filter_bypass subs_filter_last_modified subs_filter_types unzip";

// Blocks whose contents are no directives.
constexpr const char* kLua =
    "access_by_lua_block balancer_by_lua_block body_filter_by_lua_block content_by_lua_block "
    "exit_worker_by_lua_block header_filter_by_lua_block init_by_lua_block "
    "init_worker_by_lua_block log_by_lua_block precontent_by_lua_block preread_by_lua_block "
    "proxy_ssl_verify_by_lua_block rewrite_by_lua_block server_rewrite_by_lua_block "
    "set_by_lua_block ssl_certificate_by_lua_block ssl_client_hello_by_lua_block "
    "ssl_session_fetch_by_lua_block ssl_session_store_by_lua_block";

constexpr const char* kVariables =
    "ancient_browser args auth_basic binary_remote_addr body_bytes_sent bytes_sent connection "
    "connection_requests connection_time connections_active connections_reading "
    "connections_waiting connections_writing content_length content_type date_gmt date_local "
    "document_root document_uri fastcgi_path_info fastcgi_script_name geoip_area_code "
    "geoip_city geoip_city_continent_code geoip_city_country_code geoip_city_country_code3 "
    "geoip_city_country_name geoip_country_code geoip_country_code3 geoip_country_name "
    "geoip_dma_code geoip_latitude geoip_longitude geoip_org geoip_postal_code geoip_region "
    "geoip_region_name grpc_internal_trailers gzip_ratio host hostname http2 http3 https "
    "invalid_referer is_args is_request_port limit_conn_status limit_rate limit_req_status "
    "memcached_key modern_browser msec msie nginx_version pid pipe protocol proxy_add_via "
    "proxy_add_x_forwarded_for proxy_host proxy_internal_body_length proxy_internal_chunked "
    "proxy_port proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr "
    "proxy_protocol_server_port query_string quic realip_remote_addr realip_remote_port "
    "realpath_root remote_addr remote_port remote_user request request_body request_body_file "
    "request_completion request_filename request_id request_length request_method "
    "request_port request_time request_uri scheme secure_link secure_link_expires server_addr "
    "server_name server_port server_protocol session_log_binary_id session_log_id "
    "session_time slice_range spdy spdy_request_priority ssi_level ssl_alpn_protocol "
    "ssl_cipher ssl_ciphers ssl_client_cert ssl_client_escaped_cert ssl_client_fingerprint "
    "ssl_client_i_dn ssl_client_i_dn_legacy ssl_client_raw_cert ssl_client_s_dn "
    "ssl_client_s_dn_legacy ssl_client_serial ssl_client_sigalg ssl_client_v_end "
    "ssl_client_v_remain ssl_client_v_start ssl_client_verify ssl_curve ssl_curves "
    "ssl_early_data ssl_ech_outer_server_name ssl_ech_status ssl_preread_alpn_protocols "
    "ssl_preread_protocol ssl_preread_server_name ssl_protocol ssl_server_name ssl_session_id "
    "ssl_session_reused ssl_sigalg ssl_sigalgs status tcpinfo_rcv_space tcpinfo_rtt "
    "tcpinfo_rttvar tcpinfo_snd_cwnd time_iso8601 time_local uid_got uid_reset uid_set "
    "upstream_addr upstream_bytes_received upstream_bytes_sent upstream_cache_age "
    "upstream_cache_etag upstream_cache_key upstream_cache_last_modified "
    "upstream_cache_status upstream_connect_time upstream_first_byte_time "
    "upstream_header_time upstream_last_server_name upstream_queue_time "
    "upstream_response_length upstream_response_time upstream_session_time upstream_status "
    "uri";

constexpr const char* kFixed =
    "binary_remote_addr body_bytes_sent bytes_sent connection connection_requests connection_time "
    "content_length content_type document_root document_uri host hostname http_cookie http_host "
    "http_referer http_user_agent http_via http_x_forwarded_for https is_args msec nginx_version "
    "pid pipe proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr "
    "proxy_protocol_server_port query_string realpath_root remote_addr remote_port remote_user "
    "request request_body request_body_file request_completion request_filename request_id "
    "request_length request_method request_time request_uri scheme sent_http_cache_control "
    "sent_http_connection sent_http_content_length sent_http_content_type sent_http_keep_alive "
    "sent_http_last_modified sent_http_link sent_http_location sent_http_transfer_encoding "
    "server_addr server_name server_port server_protocol status tcpinfo_rcv_space tcpinfo_rtt "
    "tcpinfo_rttvar tcpinfo_snd_cwnd time_iso8601 time_local uri";

// Any name that begins so is a variable.
constexpr std::string_view kPrefixes[] = {"arg_",
                                          "cookie_",
                                          "http_",
                                          "jwt_",
                                          "proxy_protocol_tlv_",
                                          "sent_http_",
                                          "sent_trailer_",
                                          "upstream_cookie_",
                                          "upstream_http_",
                                          "upstream_trailer_"};

bool contains(const std::vector<std::string>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

std::vector<std::string> sorted_words(const char* text) {
  auto words = blank_separated(text);
  std::sort(words.begin(), words.end());
  return words;
}

const std::vector<std::string>& variables() {
  static const std::vector<std::string> words = sorted_words(kVariables);
  return words;
}

/// Which letters a name has, a bit each.
std::uint64_t letters_of(std::string_view name) {
  std::uint64_t letters = 0;
  for (const char c : name) letters |= std::uint64_t{1} << (static_cast<unsigned char>(c) % 64U);
  return letters;
}

/// Two letters of a short word are another word.
bool is_near(std::string_view a, std::string_view b) {
  const std::size_t most = a.size() < 6 ? 1 : 2;
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) > most) return false;
  // An edit changes which letters there are by two at most.
  if (std::popcount(letters_of(a) ^ letters_of(b)) > 2 * static_cast<int>(most)) return false;
  return edit_distance(a, b) <= most;
}

/// "server_nameexample.com": the blank behind the directive is missing.
bool is_glued(std::string_view name, std::string_view directive) {
  if (directive.size() < 4 || !name.starts_with(directive)) return false;
  const auto rest = name.substr(directive.size());
  if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') return true;
  return std::any_of(rest.begin(), rest.end(),
                     [](char c) { return c == '.' || c == '-' || c != to_lower(c); });
}

bool may_stand(const std::string& name, Context context) {
  const Word* word = find_word(name);
  return word != nullptr &&
         std::any_of(word->places.begin(), word->places.end(),
                     [&](const Word::Place& place) { return (place.contexts & context) != 0; });
}

}  // namespace

bool is_misspelt_directive(std::string_view name, Context context) {
  static const std::vector<std::string> foreign = sorted_words(kForeign);
  static const std::vector<std::string> known = [] {
    std::vector<std::string> all;
    for (const Rule& rule : rules()) {
      for (auto& word : blank_separated(rule.names)) all.push_back(std::move(word));
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }();
  if (name.size() < 3) return true;
  if (contains(foreign, name)) return false;
  if (name.find("_lua") != name.npos || name.ends_with("_block")) {
    static const std::vector<std::string> lua = sorted_words(kLua);
    return !contains(lua, name) && std::any_of(lua.begin(), lua.end(), [&](const auto& word) {
      return is_near(name, word);
    });
  }
  return std::any_of(known.begin(), known.end(), [&](const std::string& word) {
    return (is_near(name, word) || is_glued(name, word)) && may_stand(word, context);
  });
}

bool is_built_in_variable(std::string_view name) {
  return contains(variables(), name) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool is_fixed_variable(std::string_view name) {
  static const std::vector<std::string> words = sorted_words(kFixed);
  return contains(words, name);
}

bool is_misspelt_variable(std::string_view name, const std::vector<std::string_view>& defined) {
  if (name.size() < 4) return false;
  const auto near = [&](std::string_view known) { return is_near(name, known); };
  return std::any_of(variables().begin(), variables().end(), near) ||
         std::any_of(defined.begin(), defined.end(), near);
}

}  // namespace hopcheck::nginx
