// Enumerators as they stand in the JSON report.
#include "report/names.h"

#include "report/report.h"

namespace hopcheck {

const char* severity_name(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

const char* confidence_name(Confidence confidence) {
  switch (confidence) {
    case Confidence::possible:
      return "possible";
    case Confidence::likely:
      return "likely";
    case Confidence::certain:
      return "certain";
  }
  return "possible";
}

const char* when_name(When when) {
  switch (when) {
    case When::now:
      return "now";
    case When::on_reload:
      return "on-reload";
    case When::on_restart:
      return "on-restart";
    case When::on_reboot:
      return "on-reboot";
    case When::on_date:
      return "on-date";
    case When::under_load:
      return "under-load";
    case When::if_attacked:
      return "if-attacked";
  }
  return "now";
}

const char* from_name(From from) {
  switch (from) {
    case From::default_:
      return "default";
    case From::observation:
      return "observation";
    case From::export_:
      return "export";
    case From::config:
      return "config";
    case From::flag:
      return "flag";
  }
  return "default";
}

const char* kind_name(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::file:
      return "file";
    case EvidenceKind::command:
      return "command";
    case EvidenceKind::probe:
      return "probe";
    case EvidenceKind::kernel:
      return "kernel";
    case EvidenceKind::log:
      return "log";
    case EvidenceKind::config:
      return "config";
    case EvidenceKind::profile:
      return "profile";
    case EvidenceKind::default_:
      return "default";
  }
  return "file";
}

const char* on_name(On on) {
  switch (on) {
    case On::host:
      return "host";
    case On::lb:
      return "lb";
    case On::repo:
      return "repo";
  }
  return "host";
}

const char* interrupts_name(Interrupts interrupts) {
  switch (interrupts) {
    case Interrupts::nothing:
      return "nothing";
    case Interrupts::reload:
      return "reload";
    case Interrupts::restart:
      return "restart";
  }
  return "restart";
}

const char* lasts_name(Lasts lasts) {
  switch (lasts) {
    case Lasts::until_restart:
      return "until-restart";
    case Lasts::until_reboot:
      return "until-reboot";
    case Lasts::permanent:
      return "permanent";
  }
  return "permanent";
}

}  // namespace hopcheck
