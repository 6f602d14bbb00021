// What nginx's own modules take as the value of a directive, where a common rule says it.
#include "facts/nginx/grammar.h"

namespace hopcheck::nginx {

namespace {

// As nginx 1.22 and 1.31 agree; words that either knows are known here.
constexpr ValueRule kRules[] = {
    {Value::flag, "",
     "absolute_redirect accept_mutex acceptex_read aio_write auth_http_pass_client_cert autoindex "
     "autoindex_exact_size autoindex_localtime chunked_transfer_encoding "
     "client_body_in_single_buffer create_full_put_path daemon etag fastcgi_buffering "
     "fastcgi_cache_background_update fastcgi_cache_lock fastcgi_cache_revalidate "
     "fastcgi_force_ranges fastcgi_ignore_client_abort fastcgi_intercept_errors fastcgi_keep_conn "
     "fastcgi_pass_request_body fastcgi_pass_request_headers fastcgi_request_buffering "
     "fastcgi_socket_keepalive geoip_proxy_recursive grpc_intercept_errors grpc_socket_keepalive "
     "grpc_ssl_server_name grpc_ssl_session_reuse grpc_ssl_verify gunzip gzip gzip_no_buffer "
     "gzip_vary http2 http3 http3_hq ignore_invalid_headers image_filter_interlace "
     "image_filter_transparency limit_conn_dry_run limit_req_dry_run log_not_found log_subrequest "
     "master_process memcached_socket_keepalive merge_slashes mirror_request_body "
     "mp4_start_key_frame msie_padding msie_refresh multi_accept open_file_cache_errors "
     "open_file_cache_events override_charset pcre_jit port_in_redirect proxy proxy_buffering "
     "proxy_cache_background_update proxy_cache_convert_head proxy_cache_lock "
     "proxy_cache_revalidate proxy_force_ranges proxy_half_close proxy_ignore_client_abort "
     "proxy_intercept_errors proxy_pass_error_message proxy_pass_request_body "
     "proxy_pass_request_headers proxy_pass_trailers proxy_request_buffering proxy_smtp_auth "
     "proxy_socket_keepalive proxy_ssl proxy_ssl_server_name proxy_ssl_session_reuse "
     "proxy_ssl_verify quic_bpf quic_gso quic_retry random_index real_ip_recursive "
     "recursive_error_pages reset_timedout_connection rewrite_log scgi_buffering "
     "scgi_cache_background_update scgi_cache_lock scgi_cache_revalidate scgi_force_ranges "
     "scgi_ignore_client_abort scgi_intercept_errors scgi_pass_request_body "
     "scgi_pass_request_headers scgi_request_buffering scgi_socket_keepalive sendfile "
     "server_name_in_redirect ssi ssi_ignore_recycled_buffers ssi_last_modified ssi_silent_errors "
     "ssl_certificate_compression ssl_early_data ssl_object_cache_inheritable "
     "ssl_prefer_server_ciphers ssl_preread ssl_reject_handshake ssl_session_tickets ssl_stapling "
     "ssl_stapling_verify sub_filter_last_modified sub_filter_once tcp_nodelay tcp_nopush "
     "tunnel_socket_keepalive underscores_in_headers uninitialized_variable_warn uwsgi_buffering "
     "uwsgi_cache_background_update uwsgi_cache_lock uwsgi_cache_revalidate uwsgi_force_ranges "
     "uwsgi_ignore_client_abort uwsgi_intercept_errors uwsgi_pass_request_body "
     "uwsgi_pass_request_headers uwsgi_request_buffering uwsgi_socket_keepalive "
     "uwsgi_ssl_server_name uwsgi_ssl_session_reuse uwsgi_ssl_verify xclient "
     "xml_external_entities xslt_last_modified"},
    {Value::number, "",
     "devpoll_changes devpoll_events epoll_events eventport_events fastcgi_cache_min_uses "
     "fastcgi_next_upstream_tries grpc_next_upstream_tries grpc_ssl_verify_depth gzip_comp_level "
     "http2_max_concurrent_streams http2_streams_index_size http3_max_concurrent_streams "
     "iocp_threads keepalive_requests kqueue_changes kqueue_events limit_conn_status "
     "limit_req_status map_hash_bucket_size map_hash_max_size max_errors max_headers max_ranges "
     "memcached_gzip_flag memcached_next_upstream_tries min_delete_depth open_file_cache_min_uses "
     "post_acceptex proxy_cache_min_uses proxy_headers_hash_bucket_size "
     "proxy_headers_hash_max_size proxy_next_upstream_tries proxy_requests proxy_responses "
     "proxy_ssl_verify_depth quic_active_connection_id_limit referer_hash_bucket_size "
     "referer_hash_max_size scgi_cache_min_uses scgi_next_upstream_tries "
     "server_names_hash_bucket_size server_names_hash_max_size ssl_verify_depth "
     "tunnel_next_upstream_tries types_hash_bucket_size types_hash_max_size userid_service "
     "uwsgi_cache_min_uses uwsgi_modifier1 uwsgi_modifier2 uwsgi_next_upstream_tries "
     "uwsgi_ssl_verify_depth variables_hash_bucket_size variables_hash_max_size "
     "worker_aio_requests worker_rlimit_nofile"},
    {Value::size, "",
     "client_body_buffer_size client_header_buffer_size connection_pool_size fastcgi_buffer_size "
     "fastcgi_busy_buffers_size fastcgi_max_temp_file_size fastcgi_send_lowat "
     "fastcgi_socket_rcvbuf fastcgi_socket_sndbuf fastcgi_temp_file_write_size grpc_buffer_size "
     "grpc_socket_rcvbuf grpc_socket_sndbuf gzip_hash gzip_min_length gzip_window "
     "http2_body_preread_size http2_chunk_size http2_pool_size http2_recv_buffer_size "
     "http3_stream_buffer_size image_filter_buffer imap_client_buffer memcached_buffer_size "
     "mp4_buffer_size mp4_max_buffer_size postpone_gzipping postpone_output preread_buffer_size "
     "proxy_buffer proxy_buffer_size proxy_busy_buffers_size proxy_downstream_buffer "
     "proxy_max_temp_file_size proxy_send_lowat proxy_socket_rcvbuf proxy_socket_sndbuf "
     "proxy_temp_file_write_size proxy_upstream_buffer read_ahead request_pool_size "
     "scgi_buffer_size scgi_busy_buffers_size scgi_max_temp_file_size scgi_socket_rcvbuf "
     "scgi_socket_sndbuf scgi_temp_file_write_size send_lowat sendfile_max_chunk slice "
     "smtp_client_buffer ssi_min_file_chunk ssi_value_length ssl_buffer_size "
     "subrequest_output_buffer_size tunnel_buffer_size tunnel_send_lowat tunnel_socket_rcvbuf "
     "tunnel_socket_sndbuf uwsgi_buffer_size uwsgi_busy_buffers_size uwsgi_max_temp_file_size "
     "uwsgi_socket_rcvbuf uwsgi_socket_sndbuf uwsgi_temp_file_write_size"},
    {Value::offset, "",
     "client_max_body_size directio_alignment fastcgi_cache_max_range_offset "
     "proxy_cache_max_range_offset scgi_cache_max_range_offset uwsgi_cache_max_range_offset "
     "worker_rlimit_core"},
    {Value::milliseconds, "",
     "accept_mutex_delay auth_delay auth_http_timeout client_body_timeout client_header_timeout "
     "fastcgi_cache_lock_age fastcgi_cache_lock_timeout fastcgi_connect_timeout "
     "fastcgi_next_upstream_timeout fastcgi_read_timeout fastcgi_send_timeout "
     "grpc_connect_timeout grpc_next_upstream_timeout grpc_read_timeout grpc_send_timeout "
     "keepalive_min_timeout keepalive_time lingering_time lingering_timeout "
     "memcached_connect_timeout memcached_next_upstream_timeout memcached_read_timeout "
     "memcached_send_timeout preread_timeout proxy_cache_lock_age proxy_cache_lock_timeout "
     "proxy_connect_timeout proxy_next_upstream_timeout proxy_protocol_timeout proxy_read_timeout "
     "proxy_send_timeout proxy_timeout resolver_timeout scgi_cache_lock_age "
     "scgi_cache_lock_timeout scgi_connect_timeout scgi_next_upstream_timeout scgi_read_timeout "
     "scgi_send_timeout send_timeout smtp_greeting_delay ssl_handshake_timeout timeout "
     "timer_resolution tunnel_connect_timeout tunnel_next_upstream_timeout tunnel_read_timeout "
     "tunnel_send_timeout uwsgi_cache_lock_age uwsgi_cache_lock_timeout uwsgi_connect_timeout "
     "uwsgi_next_upstream_timeout uwsgi_read_timeout uwsgi_send_timeout worker_shutdown_timeout"},
    {Value::seconds, "", "open_file_cache_valid ssl_session_timeout"},
    {Value::buffers, "",
     "fastcgi_buffers gunzip_buffers gzip_buffers large_client_header_buffers output_buffers "
     "proxy_buffers scgi_buffers uwsgi_buffers"},
    {Value::once, "",
     "add_after_body add_before_body aio auth_basic auth_basic_user_file auth_request charset "
     "client_body_temp_path dav_access default_type directio disable_symlinks events expires "
     "fastcgi_cache fastcgi_cache_key fastcgi_index fastcgi_pass fastcgi_store "
     "fastcgi_store_access fastcgi_temp_path geoip_city geoip_country geoip_org "
     "google_perftools_profiles grpc_pass grpc_ssl_certificate grpc_ssl_certificate_key "
     "grpc_ssl_ciphers grpc_ssl_crl grpc_ssl_name grpc_ssl_password_file "
     "grpc_ssl_trusted_certificate http keepalive keepalive_timeout limit_except limit_rate "
     "limit_rate_after lock_file mail memcached_pass open_file_cache open_log_file_cache pid "
     "post_action proxy_cache proxy_cache_key proxy_method proxy_pass proxy_set_body "
     "proxy_ssl_ciphers proxy_ssl_crl proxy_ssl_name proxy_ssl_password_file "
     "proxy_ssl_trusted_certificate proxy_store proxy_store_access proxy_temp_path real_ip_header "
     "resolver scgi_cache scgi_cache_key scgi_pass scgi_store scgi_store_access scgi_temp_path "
     "secure_link secure_link_md5 secure_link_secret source_charset ssl_ciphers "
     "ssl_client_certificate ssl_crl ssl_dhparam ssl_ecdh_curve ssl_engine ssl_ocsp_cache "
     "ssl_ocsp_responder ssl_password_file ssl_stapling_file ssl_stapling_responder "
     "ssl_trusted_certificate stream try_files use user userid_domain userid_expires userid_mark "
     "userid_name userid_p3p userid_path uwsgi_cache uwsgi_cache_key uwsgi_pass "
     "uwsgi_ssl_certificate uwsgi_ssl_certificate_key uwsgi_ssl_ciphers uwsgi_ssl_crl "
     "uwsgi_ssl_name uwsgi_ssl_password_file uwsgi_ssl_trusted_certificate uwsgi_store "
     "uwsgi_store_access uwsgi_string uwsgi_temp_path worker_cpu_affinity worker_priority "
     "worker_processes working_directory"},
    {Value::some_of,
     "Cache-Control Expires Set-Cookie Vary X-Accel-Buffering X-Accel-Charset X-Accel-Expires "
     "X-Accel-Limit-Rate X-Accel-Redirect",
     "fastcgi_ignore_headers grpc_ignore_headers proxy_ignore_headers scgi_ignore_headers "
     "uwsgi_ignore_headers"},
    {Value::some_of, "GET HEAD POST",
     "fastcgi_cache_methods proxy_cache_methods scgi_cache_methods uwsgi_cache_methods"},
    {Value::some_of, "SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
     "grpc_ssl_protocols proxy_ssl_protocols ssl_protocols uwsgi_ssl_protocols"},
    {Value::some_of, "any auth expired no-cache no-store no_etag no_last_modified off private",
     "gzip_proxied"},
    {Value::some_of, "apop cram-md5 external plain", "pop3_auth"},
    {Value::some_of, "copy delete mkcol move off put", "dav_methods"},
    {Value::some_of, "cram-md5 external login none plain", "smtp_auth"},
    {Value::some_of, "cram-md5 external login plain", "imap_auth"},
    {Value::some_of,
     "error http_403 http_404 http_429 http_500 http_502 http_503 http_504 invalid_header "
     "non_idempotent off timeout",
     "grpc_next_upstream"},
    {Value::some_of,
     "error http_403 http_404 http_429 http_500 http_502 http_503 http_504 invalid_header "
     "non_idempotent off timeout updating",
     "proxy_cache_use_stale"},
    {Value::some_of,
     "error http_403 http_404 http_429 http_500 http_503 invalid_header non_idempotent off "
     "timeout updating",
     "fastcgi_cache_use_stale fastcgi_next_upstream scgi_cache_use_stale scgi_next_upstream "
     "uwsgi_cache_use_stale uwsgi_next_upstream"},
    {Value::some_of, "error invalid_response not_found off timeout", "memcached_next_upstream"},
    {Value::some_of, "error off timeout", "tunnel_next_upstream"},
    {Value::some_of, "httponly off samesite=lax samesite=none samesite=strict secure",
     "userid_flags"},
    {Value::some_of, "msie6 none safari", "keepalive_disable"},
    {Value::one_of, "1.0 1.1", "gzip_http_version"},
    {Value::one_of, "1.0 1.1 2", "proxy_http_version"},
    {Value::one_of, "all any", "satisfy"},
    {Value::one_of, "always off on", "gzip_static lingering_close"},
    {Value::one_of, "before exact off", "if_modified_since"},
    {Value::one_of, "build off on", "server_tokens"},
    {Value::one_of, "clean off on", "client_body_in_file_only"},
    {Value::one_of, "error info notice warn", "limit_conn_log_level limit_req_log_level"},
    {Value::one_of, "html json jsonp xml", "autoindex_format"},
    {Value::one_of, "leaf off on", "ssl_ocsp"},
    {Value::one_of, "log off on v1", "userid"},
    {Value::one_of, "off on optional optional_no_ca", "ssl_verify_client"},
};

}  // namespace

std::span<const ValueRule> value_rules() {
  return kRules;
}

}  // namespace hopcheck::nginx
