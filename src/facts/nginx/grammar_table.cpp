// The directives of nginx's own modules: where each may stand and how many arguments it takes.
#include "facts/nginx/grammar.h"

namespace hopcheck::nginx {

namespace {

// Names, argument counts and contexts as nginx 1.22 to 1.31 declare them; what a later version
// allows is allowed here.
constexpr Rule kRules[] = {
    {"any", "1", false, "include"},
    {"main", "1", false,
     "daemon debug_points env load_module lock_file master_process pcre_jit pid quic_bpf "
     "ssl_engine ssl_object_cache_inheritable timer_resolution worker_priority "
     "worker_processes worker_rlimit_core worker_rlimit_nofile worker_shutdown_timeout "
     "working_directory"},
    {"main", "1-2", false, "user"},
    {"main", "2-3", false, "thread_pool"},
    {"main", "1+", false, "error_log worker_cpu_affinity"},
    {"main", "0", true, "events http mail stream"},
    {"events", "1", false,
     "accept_mutex accept_mutex_delay acceptex_read debug_connection devpoll_changes "
     "devpoll_events epoll_events eventport_events iocp_threads kqueue_changes kqueue_events "
     "multi_accept post_acceptex use worker_aio_requests worker_connections"},
    {"http", "1", false,
     "degradation geoip_proxy geoip_proxy_recursive http2_recv_buffer_size "
     "map_hash_bucket_size map_hash_max_size perl_modules perl_require "
     "server_names_hash_bucket_size server_names_hash_max_size variables_hash_bucket_size "
     "variables_hash_max_size"},
    {"http", "2", false, "limit_conn_zone perl_set"},
    {"http", "1-2", false, "geoip_city geoip_country geoip_org"},
    {"http", "3", false, "limit_req_zone"},
    {"http", "2+", false,
     "fastcgi_cache_path log_format proxy_cache_path scgi_cache_path uwsgi_cache_path"},
    {"http", "0", true, "server"},
    {"http", "1", true, "upstream"},
    {"http", "2", true, "charset_map map split_clients"},
    {"http", "1-2", true, "geo"},
    {"http server", "1", false,
     "client_header_buffer_size client_header_timeout connection_pool_size http2 "
     "http2_body_preread_size http2_idle_timeout http2_max_concurrent_pushes "
     "http2_max_concurrent_streams http2_max_field_size http2_max_header_size "
     "http2_max_requests http2_pool_size http2_recv_timeout http2_streams_index_size http3 "
     "http3_hq http3_max_concurrent_streams http3_stream_buffer_size ignore_invalid_headers "
     "max_headers merge_slashes quic_active_connection_id_limit quic_gso quic_host_key "
     "quic_retry request_pool_size ssl ssl_buffer_size ssl_certificate "
     "ssl_certificate_compression ssl_certificate_key ssl_ciphers ssl_client_certificate "
     "ssl_crl ssl_dhparam ssl_early_data ssl_ecdh_curve ssl_ech_file ssl_ocsp ssl_ocsp_cache "
     "ssl_ocsp_responder ssl_password_file ssl_prefer_server_ciphers ssl_reject_handshake "
     "ssl_session_ticket_key ssl_session_tickets ssl_session_timeout ssl_stapling "
     "ssl_stapling_file ssl_stapling_responder ssl_stapling_verify ssl_trusted_certificate "
     "ssl_verify_client ssl_verify_depth underscores_in_headers"},
    {"http server", "2", false, "large_client_header_buffers ssl_conf_command"},
    {"http server", "1-2", false, "ssl_session_cache"},
    {"http server", "1-3", false, "ssl_certificate_cache"},
    {"http server", "1+", false, "client_body_early_read ssl_protocols"},
    {"http server server_if location location_if", "1", false,
     "rewrite_log uninitialized_variable_warn"},
    {"http server location", "1", false,
     "absolute_redirect add_after_body add_before_body aio aio_write ancient_browser_value "
     "auth_delay auth_request autoindex autoindex_exact_size autoindex_format "
     "autoindex_localtime chunked_transfer_encoding client_body_buffer_size "
     "client_body_in_file_only client_body_in_single_buffer client_body_timeout "
     "client_max_body_size create_full_put_path default_type degrade directio "
     "directio_alignment etag fastcgi_buffer_size fastcgi_buffering fastcgi_busy_buffers_size "
     "fastcgi_cache fastcgi_cache_background_update fastcgi_cache_key fastcgi_cache_lock "
     "fastcgi_cache_lock_age fastcgi_cache_lock_timeout fastcgi_cache_max_range_offset "
     "fastcgi_cache_min_uses fastcgi_cache_revalidate fastcgi_catch_stderr "
     "fastcgi_connect_timeout fastcgi_force_ranges fastcgi_hide_header "
     "fastcgi_ignore_client_abort fastcgi_index fastcgi_intercept_errors fastcgi_keep_conn "
     "fastcgi_limit_rate fastcgi_max_temp_file_size fastcgi_next_upstream_timeout "
     "fastcgi_next_upstream_tries fastcgi_pass_header fastcgi_pass_request_body "
     "fastcgi_pass_request_headers fastcgi_read_timeout fastcgi_request_buffering "
     "fastcgi_send_lowat fastcgi_send_timeout fastcgi_socket_keepalive fastcgi_socket_rcvbuf "
     "fastcgi_socket_sndbuf fastcgi_split_path_info fastcgi_store fastcgi_temp_file_write_size "
     "grpc_buffer_size grpc_connect_timeout grpc_hide_header grpc_intercept_errors "
     "grpc_next_upstream_timeout grpc_next_upstream_tries grpc_pass_header grpc_read_timeout "
     "grpc_send_timeout grpc_socket_keepalive grpc_socket_rcvbuf grpc_socket_sndbuf "
     "grpc_ssl_certificate grpc_ssl_certificate_key grpc_ssl_ciphers grpc_ssl_crl "
     "grpc_ssl_name grpc_ssl_password_file grpc_ssl_server_name grpc_ssl_session_reuse "
     "grpc_ssl_trusted_certificate grpc_ssl_verify grpc_ssl_verify_depth gunzip "
     "gzip_comp_level gzip_hash gzip_http_version gzip_min_length gzip_no_buffer gzip_static "
     "gzip_vary gzip_window http2_chunk_size http2_push http2_push_preload if_modified_since "
     "image_filter_buffer image_filter_interlace image_filter_jpeg_quality "
     "image_filter_sharpen image_filter_transparency image_filter_webp_quality "
     "keepalive_min_timeout keepalive_requests keepalive_time limit_conn_dry_run "
     "limit_conn_log_level limit_conn_status limit_req_dry_run limit_req_log_level "
     "limit_req_status lingering_close lingering_time lingering_timeout log_not_found "
     "log_subrequest max_ranges memcached_buffer_size memcached_connect_timeout "
     "memcached_gzip_flag memcached_next_upstream_timeout memcached_next_upstream_tries "
     "memcached_read_timeout memcached_send_timeout memcached_socket_keepalive "
     "min_delete_depth mirror mirror_request_body modern_browser_value mp4_buffer_size "
     "mp4_max_buffer_size mp4_start_key_frame msie_padding msie_refresh open_file_cache_errors "
     "open_file_cache_events open_file_cache_min_uses open_file_cache_valid port_in_redirect "
     "postpone_gzipping postpone_output proxy_buffer_size proxy_buffering "
     "proxy_busy_buffers_size proxy_cache proxy_cache_background_update "
     "proxy_cache_convert_head proxy_cache_key proxy_cache_lock proxy_cache_lock_age "
     "proxy_cache_lock_timeout proxy_cache_max_range_offset proxy_cache_min_uses "
     "proxy_cache_revalidate proxy_connect_timeout proxy_force_ranges "
     "proxy_headers_hash_bucket_size proxy_headers_hash_max_size proxy_hide_header "
     "proxy_http_version proxy_ignore_client_abort proxy_intercept_errors proxy_limit_rate "
     "proxy_max_temp_file_size proxy_method proxy_next_upstream_timeout "
     "proxy_next_upstream_tries proxy_pass_header proxy_pass_request_body "
     "proxy_pass_request_headers proxy_pass_trailers proxy_read_timeout "
     "proxy_request_buffering proxy_send_lowat proxy_send_timeout proxy_set_body "
     "proxy_socket_keepalive proxy_socket_rcvbuf proxy_socket_sndbuf proxy_ssl_certificate "
     "proxy_ssl_certificate_key proxy_ssl_ciphers proxy_ssl_crl proxy_ssl_name "
     "proxy_ssl_password_file proxy_ssl_server_name proxy_ssl_session_reuse "
     "proxy_ssl_trusted_certificate proxy_ssl_verify proxy_ssl_verify_depth proxy_store "
     "proxy_temp_file_write_size read_ahead real_ip_header real_ip_recursive "
     "recursive_error_pages reset_timedout_connection resolver_timeout satisfy "
     "scgi_buffer_size scgi_buffering scgi_busy_buffers_size scgi_cache "
     "scgi_cache_background_update scgi_cache_key scgi_cache_lock scgi_cache_lock_age "
     "scgi_cache_lock_timeout scgi_cache_max_range_offset scgi_cache_min_uses "
     "scgi_cache_revalidate scgi_connect_timeout scgi_force_ranges scgi_hide_header "
     "scgi_ignore_client_abort scgi_intercept_errors scgi_limit_rate scgi_max_temp_file_size "
     "scgi_next_upstream_timeout scgi_next_upstream_tries scgi_pass_header "
     "scgi_pass_request_body scgi_pass_request_headers scgi_read_timeout "
     "scgi_request_buffering scgi_send_timeout scgi_socket_keepalive scgi_socket_rcvbuf "
     "scgi_socket_sndbuf scgi_store scgi_temp_file_write_size secure_link secure_link_md5 "
     "secure_link_secret send_lowat send_timeout sendfile_max_chunk server_name_in_redirect "
     "server_tokens set_real_ip_from slice ssi_ignore_recycled_buffers ssi_last_modified "
     "ssi_min_file_chunk ssi_silent_errors ssi_value_length sub_filter_last_modified "
     "sub_filter_once subrequest_output_buffer_size tcp_nodelay tcp_nopush tunnel_buffer_size "
     "tunnel_connect_timeout tunnel_next_upstream_timeout tunnel_next_upstream_tries "
     "tunnel_read_timeout tunnel_send_lowat tunnel_send_timeout tunnel_socket_keepalive "
     "tunnel_socket_rcvbuf tunnel_socket_sndbuf types_hash_bucket_size types_hash_max_size "
     "userid userid_domain userid_expires userid_mark userid_name userid_p3p userid_path "
     "userid_service uwsgi_buffer_size uwsgi_buffering uwsgi_busy_buffers_size uwsgi_cache "
     "uwsgi_cache_background_update uwsgi_cache_key uwsgi_cache_lock uwsgi_cache_lock_age "
     "uwsgi_cache_lock_timeout uwsgi_cache_max_range_offset uwsgi_cache_min_uses "
     "uwsgi_cache_revalidate uwsgi_connect_timeout uwsgi_force_ranges uwsgi_hide_header "
     "uwsgi_ignore_client_abort uwsgi_intercept_errors uwsgi_limit_rate "
     "uwsgi_max_temp_file_size uwsgi_modifier1 uwsgi_modifier2 uwsgi_next_upstream_timeout "
     "uwsgi_next_upstream_tries uwsgi_pass_header uwsgi_pass_request_body "
     "uwsgi_pass_request_headers uwsgi_read_timeout uwsgi_request_buffering uwsgi_send_timeout "
     "uwsgi_socket_keepalive uwsgi_socket_rcvbuf uwsgi_socket_sndbuf uwsgi_ssl_certificate "
     "uwsgi_ssl_certificate_key uwsgi_ssl_ciphers uwsgi_ssl_crl uwsgi_ssl_name "
     "uwsgi_ssl_password_file uwsgi_ssl_server_name uwsgi_ssl_session_reuse "
     "uwsgi_ssl_trusted_certificate uwsgi_ssl_verify uwsgi_ssl_verify_depth uwsgi_store "
     "uwsgi_string uwsgi_temp_file_write_size xml_entities xml_external_entities "
     "xslt_last_modified"},
    {"http server location", "2", false,
     "auth_request_set fastcgi_buffers grpc_set_header grpc_ssl_conf_command gunzip_buffers "
     "gzip_buffers limit_conn output_buffers proxy_buffers proxy_set_header "
     "proxy_ssl_conf_command scgi_buffers sub_filter uwsgi_buffers uwsgi_ssl_conf_command "
     "xslt_param xslt_string_param"},
    {"http server location", "1-2", false,
     "disable_symlinks fastcgi_bind grpc_bind keepalive_disable keepalive_timeout "
     "memcached_bind modern_browser open_file_cache proxy_bind proxy_cookie_domain "
     "proxy_cookie_path proxy_redirect scgi_bind tunnel_bind uwsgi_bind"},
    {"http server location", "2-3", false, "fastcgi_param scgi_param uwsgi_param"},
    {"http server location", "1-3", false,
     "dav_access fastcgi_store_access grpc_ssl_certificate_cache limit_req "
     "proxy_ssl_certificate_cache proxy_store_access scgi_store_access userid_flags "
     "uwsgi_ssl_certificate_cache uwsgi_store_access"},
    {"http server location", "1-4", false,
     "client_body_temp_path fastcgi_temp_path open_log_file_cache proxy_cookie_flags "
     "proxy_temp_path scgi_temp_path uwsgi_temp_path"},
    {"http server location", "1+", false,
     "addition_types ancient_browser charset_types dav_methods early_hints error_log "
     "fastcgi_cache_bypass fastcgi_cache_methods fastcgi_cache_use_stale fastcgi_cache_valid "
     "fastcgi_ignore_headers fastcgi_next_upstream fastcgi_no_cache grpc_ignore_headers "
     "grpc_next_upstream grpc_ssl_protocols gzip_disable gzip_proxied gzip_types index "
     "memcached_next_upstream proxy_cache_bypass proxy_cache_methods proxy_cache_use_stale "
     "proxy_cache_valid proxy_ignore_headers proxy_next_upstream proxy_no_cache "
     "proxy_ssl_protocols resolver scgi_cache_bypass scgi_cache_methods scgi_cache_use_stale "
     "scgi_cache_valid scgi_ignore_headers scgi_next_upstream scgi_no_cache ssi_types "
     "sub_filter_types tunnel_next_upstream uwsgi_cache_bypass uwsgi_cache_methods "
     "uwsgi_cache_use_stale uwsgi_cache_valid uwsgi_ignore_headers uwsgi_next_upstream "
     "uwsgi_no_cache uwsgi_ssl_protocols xslt_types"},
    {"http server location", "0", true, "types"},
    {"http server location location_if", "1", false,
     "add_header_inherit add_trailer_inherit charset gzip limit_rate limit_rate_after "
     "override_charset post_action root sendfile source_charset ssi"},
    {"http server location location_if", "1-2", false, "expires"},
    {"http server location location_if", "2-3", false, "add_header add_trailer"},
    {"http server location location_if", "2+", false, "error_page"},
    {"http server location location_if limit_except", "1+", false, "access_log"},
    {"http server location limit_except", "1", false, "allow auth_basic auth_basic_user_file deny"},
    {"server", "1+", false, "listen server_name"},
    {"server server_if location location_if", "0", false, "break"},
    {"server server_if location location_if", "2", false, "set"},
    {"server server_if location location_if", "1-2", false, "return"},
    {"server server_if location location_if", "2-3", false, "rewrite"},
    {"server location", "1", false, "referer_hash_bucket_size referer_hash_max_size"},
    {"server location", "0-1", false, "stub_status"},
    {"server location", "2+", false, "try_files"},
    {"server location", "1+", false, "valid_referers"},
    {"server location", "1-2", true, "location"},
    {"server location", "1+", true, "if"},
    {"server location location_if", "0-1", false, "tunnel_pass"},
    {"location", "0", false, "empty_gif flv internal mp4"},
    {"location", "1", false, "alias random_index"},
    {"location", "1-3", false, "image_filter"},
    {"location", "1+", false, "xslt_stylesheet"},
    {"location", "1+", true, "limit_except"},
    {"location location_if", "1", false,
     "fastcgi_pass grpc_pass memcached_pass scgi_pass uwsgi_pass"},
    {"location location_if limit_except", "1", false, "proxy_pass"},
    {"location limit_except", "1", false, "perl"},
    {"upstream", "0", false, "ip_hash least_conn"},
    {"upstream", "1", false,
     "keepalive_requests keepalive_time keepalive_timeout resolver_timeout"},
    {"upstream", "1-2", false, "hash keepalive least_time zone"},
    {"upstream", "0-2", false, "random"},
    {"upstream", "2+", false, "sticky"},
    {"upstream", "1+", false, "resolver server"},
    {"stream", "1", false,
     "map_hash_bucket_size map_hash_max_size server_names_hash_bucket_size "
     "server_names_hash_max_size variables_hash_bucket_size variables_hash_max_size"},
    {"stream", "2", false, "limit_conn_zone"},
    {"stream", "1-2", false, "geoip_city geoip_country geoip_org"},
    {"stream", "2+", false, "log_format"},
    {"stream", "0", true, "server"},
    {"stream", "1", true, "upstream"},
    {"stream", "2", true, "map split_clients"},
    {"stream", "1-2", true, "geo"},
    {"stream stream_server", "1", false,
     "allow deny limit_conn_dry_run limit_conn_log_level preread_buffer_size preread_timeout "
     "proxy_buffer_size proxy_connect_timeout proxy_download_rate proxy_downstream_buffer "
     "proxy_half_close proxy_next_upstream proxy_next_upstream_timeout "
     "proxy_next_upstream_tries proxy_protocol proxy_protocol_timeout proxy_requests "
     "proxy_responses proxy_socket_keepalive proxy_socket_rcvbuf proxy_socket_sndbuf proxy_ssl "
     "proxy_ssl_certificate proxy_ssl_certificate_key proxy_ssl_ciphers proxy_ssl_crl "
     "proxy_ssl_name proxy_ssl_password_file proxy_ssl_server_name proxy_ssl_session_reuse "
     "proxy_ssl_trusted_certificate proxy_ssl_verify proxy_ssl_verify_depth proxy_timeout "
     "proxy_upload_rate proxy_upstream_buffer resolver_timeout set_real_ip_from "
     "ssl_certificate ssl_certificate_compression ssl_certificate_key ssl_ciphers "
     "ssl_client_certificate ssl_crl ssl_dhparam ssl_ecdh_curve ssl_ech_file "
     "ssl_handshake_timeout ssl_ocsp ssl_ocsp_cache ssl_ocsp_responder ssl_password_file "
     "ssl_prefer_server_ciphers ssl_preread ssl_reject_handshake ssl_session_ticket_key "
     "ssl_session_tickets ssl_session_timeout ssl_stapling ssl_stapling_file "
     "ssl_stapling_responder ssl_stapling_verify ssl_trusted_certificate ssl_verify_client "
     "ssl_verify_depth tcp_nodelay"},
    {"stream stream_server", "2", false, "limit_conn proxy_ssl_conf_command ssl_conf_command"},
    {"stream stream_server", "1-2", false, "proxy_bind ssl_session_cache"},
    {"stream stream_server", "1-3", false, "proxy_ssl_certificate_cache ssl_certificate_cache"},
    {"stream stream_server", "1-4", false, "open_log_file_cache"},
    {"stream stream_server", "1+", false,
     "access_log error_log proxy_ssl_alpn proxy_ssl_protocols resolver ssl_alpn ssl_protocols"},
    {"stream_server", "1", false, "pass proxy_pass return"},
    {"stream_server", "2", false, "set"},
    {"stream_server", "1+", false, "listen server_name"},
    {"stream_upstream", "0", false, "least_conn"},
    {"stream_upstream", "1", false, "resolver_timeout"},
    {"stream_upstream", "1-2", false, "hash least_time zone"},
    {"stream_upstream", "0-2", false, "random"},
    {"stream_upstream", "1+", false, "resolver server"},
    {"mail", "0", true, "server"},
    {"mail mail_server", "1", false,
     "auth_http auth_http_pass_client_cert auth_http_timeout imap_client_buffer max_errors "
     "proxy proxy_buffer proxy_pass_error_message proxy_protocol proxy_smtp_auth proxy_timeout "
     "resolver_timeout server_name set_real_ip_from smtp_client_buffer smtp_greeting_delay ssl "
     "ssl_certificate ssl_certificate_compression ssl_certificate_key ssl_ciphers "
     "ssl_client_certificate ssl_crl ssl_dhparam ssl_ecdh_curve ssl_password_file "
     "ssl_prefer_server_ciphers ssl_session_ticket_key ssl_session_tickets ssl_session_timeout "
     "ssl_trusted_certificate ssl_verify_client ssl_verify_depth starttls timeout xclient"},
    {"mail mail_server", "2", false, "auth_http_header ssl_conf_command"},
    {"mail mail_server", "1-2", false, "ssl_session_cache"},
    {"mail mail_server", "1+", false,
     "error_log imap_auth imap_capabilities pop3_auth pop3_capabilities resolver smtp_auth "
     "smtp_capabilities ssl_protocols"},
    {"mail_server", "1", false, "protocol"},
    {"mail_server", "1+", false, "listen"},
};

}  // namespace

std::span<const Rule> rules() {
  return kRules;
}

}  // namespace hopcheck::nginx
