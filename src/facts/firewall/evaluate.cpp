// Follows a packet through the rules, as the kernel does: hook by hook, base chain by base chain.
#include "facts/firewall/evaluate.h"

#include <algorithm>

#include "facts/firewall/packet.h"

namespace hopcheck::firewall {
namespace {

constexpr int deepest = 16;                    // the kernel's own limit of jumps
constexpr std::size_t most_steps = 3'000'000;  // beyond, the answer would take too long

/// Some of the peers on their way, with what may have become of them at rules that could not be
/// judged.
struct Line {
  Packet packet{};
  Place perhaps_dropped{};   ///< somewhere on the way
  Place perhaps_accepted{};  ///< in this base chain
  bool perhaps_refused{false};
  bool perhaps_silenced{false};
  std::string zone{};
  Place let_in{};
};

struct Ends {
  std::vector<Line> accepted{};  ///< by this base chain: they go on to the next
  std::vector<Line> returned{};  ///< to the caller
};

struct Stage {
  const Table* table{nullptr};
  const Chain* chain{nullptr};
};

/// "public" of "filter_IN_public_allow", as firewalld names the chains of a zone.
std::string zone_of(const std::string& chain) {
  constexpr std::string_view prefix = "filter_IN_";
  if (chain.rfind(prefix, 0) != 0 || chain.rfind("filter_IN_policy_", 0) == 0) return {};
  std::string zone = chain.substr(prefix.size());
  for (const char* part : {"_pre", "_log", "_deny", "_allow", "_post"}) {
    const std::string_view ending = part;
    if (zone.size() > ending.size() && zone.ends_with(ending))
      return zone.substr(0, zone.size() - ending.size());
  }
  return zone;
}

class Evaluator {
 public:
  Evaluator(const Ruleset& rules, const Connection& connection)
      : rules_(rules), connection_(connection) {}

  std::vector<Fate> run() {
    std::vector<Line> lines{start()};
    if (connection_.loopback) {
      lines[0].packet.oif = "lo";
      lines[0].packet.iif = "-";
      lines = pass("output", std::move(lines));
      lines = pass("postrouting", std::move(lines));
      for (Line& line : lines) {
        line.packet.iif = "lo";
        line.packet.oif = "-";
      }
    }
    lines = pass("ingress", std::move(lines));
    lines = pass("prerouting", std::move(lines));
    std::vector<Line> here;
    std::vector<Line> elsewhere;
    for (Line& line : lines) {
      if (line.packet.elsewhere) line.packet.oif.clear();
      (line.packet.elsewhere ? elsewhere : here).push_back(std::move(line));
    }
    here = pass("input", std::move(here));
    elsewhere = pass("forward", std::move(elsewhere));
    // What becomes of it on another host is not to be seen here.
    for (Line& line : elsewhere) end(line, Fate::Kind::unknown, translated_by_, "");
    answer(std::move(here));
    return std::move(fates_);
  }

 private:
  Line start() const {
    Line line;
    line.packet.connection = &connection_;
    line.packet.peers = connection_.peers;
    line.packet.local = connection_.address;
    line.packet.local_port = connection_.port;
    line.packet.iif = connection_.interface;
    line.packet.oif = "-";
    return line;
  }

  /// What this host answers must get out, and what follows get in. On loopback these are the same
  /// rules, which an established connection passes in all but odd rulesets: not followed.
  void answer(std::vector<Line> lines) {
    if (!connection_.loopback) {
      later_ = true;
      for (Line& line : lines)
        go_out(line.packet, line.packet.ct_state == "new" ? "established" : "");
      lines = pass("postrouting", pass("output", std::move(lines)));
      for (Line& line : lines) come_in(line.packet);
      lines = pass("input", pass("prerouting", pass("ingress", std::move(lines))));
    }
    for (Line& line : lines) {
      const bool sure = line.perhaps_dropped.chain == nullptr;
      end(line, sure ? Fate::Kind::accept : Fate::Kind::unknown, line.perhaps_dropped, "");
    }
  }

  void come_in(Packet& packet) const {
    packet.answer = false;
    packet.tcp_flags = kAck;
    packet.iif = connection_.interface;
    packet.oif = "-";
    packet.mark = 0;
    if (packet.translated) packet.local_port.reset();  // before it is translated, another one
  }

  void go_out(Packet& packet, const std::string& state) const {
    packet.answer = true;
    packet.tcp_flags = kSynAck;
    packet.ct_state = state;
    packet.oif = connection_.interface;
    packet.iif = "-";
    packet.mark = 0;
  }

  bool concerns(const Table& table, const Chain& chain, const std::string& hook) const {
    if (!chain.base || chain.base->hook != hook || table.dormant) return false;
    if (hook == "ingress") {
      const auto& devices = chain.base->devices;
      return connection_.interface.empty() ||
             std::find(devices.begin(), devices.end(), connection_.interface) != devices.end();
    }
    return table.family == "inet" || table.family == (is_v4(connection_.address) ? "ip" : "ip6");
  }

  std::vector<Line> pass(const std::string& hook, std::vector<Line> lines) {
    entering_ = hook == "input" && !later_;
    std::vector<Stage> stages;
    for (const auto& table : rules_.tables) {
      for (const auto& chain : table.chains) {
        if (concerns(table, chain, hook)) stages.push_back({&table, &chain});
      }
    }
    // Of two with one priority the kernel asks the one first that was added last.
    std::reverse(stages.begin(), stages.end());
    std::stable_sort(stages.begin(), stages.end(), [](const Stage& a, const Stage& b) {
      return a.chain->base->priority < b.chain->base->priority;
    });
    for (const Stage& stage : stages) lines = pass(stage, std::move(lines));
    return lines;
  }

  /// One base chain; who is left goes on.
  std::vector<Line> pass(const Stage& stage, std::vector<Line> lines) {
    if (connection_.interface.empty() && stage.chain->base->hook == "ingress") {
      for (Line& line : lines) line.perhaps_dropped = {stage.table, stage.chain, nullptr};
      return lines;
    }
    Ends ends;
    std::vector<Line> entering;
    const std::string tracked = before_tracking(stage, lines);
    for (Line& line : lines) {
      // Established connections have their translation already.
      const bool skips = stage.chain->base->type == "nat" && (later_ || line.packet.translated);
      (skips ? ends.accepted : entering).push_back(std::move(line));
    }
    walk(stage, std::move(entering), ends, 0);
    for (Line& line : ends.returned) {
      if (stage.chain->base->drops) {
        drop(std::move(line), {stage.table, stage.chain, nullptr}, Fate::Kind::drop, "", ends);
      } else {
        admit(line, {stage.table, stage.chain, nullptr});
        ends.accepted.push_back(std::move(line));
      }
    }
    for (Line& line : ends.accepted) {
      line.perhaps_accepted = {};
      if (!tracked.empty() && line.packet.ct_state == "invalid") line.packet.ct_state = tracked;
    }
    return std::move(ends.accepted);
  }

  /// Hooks that come before connections are tracked see none: every packet is invalid there.
  /// Returns the state that it has later.
  static std::string before_tracking(const Stage& stage, std::vector<Line>& lines) {
    constexpr int tracking = -200;  // NF_IP_PRI_CONNTRACK
    const Base& base = *stage.chain->base;
    const bool early =
        base.hook == "ingress" ||
        ((base.hook == "prerouting" || base.hook == "output") && base.priority < tracking);
    if (!early || lines.empty()) return {};
    std::string state = lines.front().packet.ct_state;
    for (Line& line : lines) {
      if (line.packet.ct_state == state) line.packet.ct_state = "invalid";
    }
    return state;
  }

  void walk(const Stage& stage, std::vector<Line> lines, Ends& ends, int depth) {
    const std::string zone = zone_of(stage.chain->name);
    for (Line& line : lines) {
      if (!zone.empty()) line.zone = zone;
    }
    for (const auto& rule : stage.chain->rules) {
      std::vector<Line> next;
      for (Line& line : lines) apply({stage, rule, depth}, std::move(line), next, ends);
      lines = std::move(next);
      if (lines.empty()) return;
    }
    for (Line& line : lines) ends.returned.push_back(std::move(line));
  }

  struct At {
    Stage stage;
    const Rule& rule;
    int depth;
    Place place() const { return {stage.table, stage.chain, &rule}; }
  };

  /// Lines that are at some step of a rule; `sure`: all steps before were.
  struct Active {
    Line line{};
    bool sure{true};
  };

  void apply(const At& at, Line line, std::vector<Line>& next, Ends& ends) {
    std::vector<Active> active;
    active.push_back({std::move(line), true});
    for (const auto& step : at.rule.steps) {
      std::vector<Active> on;
      for (Active& each : active) take(at, step, std::move(each), on, next, ends);
      active = std::move(on);
      if (active.empty()) return;
    }
    for (Active& each : active) next.push_back(std::move(each.line));
  }

  static Active with(const Active& from, Ranges peers, bool sure) {
    Active part = from;
    part.line.packet.peers = std::move(peers);
    part.sure = sure;
    return part;
  }

  void take(const At& at, const Step& step, Active each, std::vector<Active>& on,
            std::vector<Line>& next, Ends& ends) {
    if (++steps_ > most_steps) {
      end(each.line, Fate::Kind::unknown, at.place(), "too many rules");
      return;
    }
    switch (step.kind) {
      case Step::Kind::match: {
        Division parts = divide(each.line.packet, step.match);
        if (!parts.no.empty()) next.push_back(with(each, std::move(parts.no), true).line);
        if (!parts.yes.empty()) on.push_back(with(each, std::move(parts.yes), each.sure));
        if (!parts.perhaps.empty()) on.push_back(with(each, std::move(parts.perhaps), false));
        return;
      }
      case Step::Kind::maybe:
        each.sure = false;
        on.push_back(std::move(each));
        return;
      case Step::Kind::map:
        look_up(at, step.match, std::move(each), on, next, ends);
        return;
      case Step::Kind::verdict:
        judge(at, step.verdict, std::move(each), on, next, ends);
        return;
      default:
        change(at, step, each, ends);
        if (!each.line.packet.peers.empty()) on.push_back(std::move(each));
    }
  }

  void look_up(const At& at, const Match& map, Active each, std::vector<Active>& on,
               std::vector<Line>& next, Ends& ends) {
    for (const auto& element : map.elements) {
      if (each.line.packet.peers.empty()) return;
      Division parts = divide(each.line.packet, map, element);
      if (!parts.yes.empty())
        judge(at, element.verdict, with(each, std::move(parts.yes), each.sure), on, next, ends);
      if (!parts.perhaps.empty()) {
        // It may be this element's; where it is not, the others are looked at.
        std::vector<Line> still;
        judge(at, element.verdict, with(each, std::move(parts.perhaps), false), on, still, ends);
        for (Line& line : still) {
          Active rest{std::move(line), each.sure};
          Match others = map;
          others.elements.erase(others.elements.begin(),
                                others.elements.begin() + (&element - map.elements.data()) + 1);
          look_up(at, others, std::move(rest), on, next, ends);
        }
      }
      each.line.packet.peers = std::move(parts.no);
    }
    if (!each.line.packet.peers.empty()) on.push_back(std::move(each));
  }

  void judge(const At& at, const Verdict& verdict, Active each, std::vector<Active>& on,
             std::vector<Line>& next, Ends& ends) {
    using V = Verdict::Kind;
    if (verdict.kind == V::none) {
      on.push_back(std::move(each));
    } else if (!each.sure) {
      perhaps(at, verdict, std::move(each.line), next);
    } else if (verdict.kind == V::accept) {
      admit(each.line, at.place());
      ends.accepted.push_back(std::move(each.line));
    } else if (verdict.kind == V::drop) {
      drop(std::move(each.line), at.place(), Fate::Kind::drop, "", ends);
    } else if (verdict.kind == V::reject) {
      drop(std::move(each.line), at.place(), Fate::Kind::reject, verdict.target, ends);
    } else if (verdict.kind == V::return_) {
      ends.returned.push_back(std::move(each.line));
    } else if (verdict.kind == V::unknown) {
      each.line.perhaps_dropped = at.place();
      ends.accepted.push_back(std::move(each.line));
    } else {
      follow(at, verdict, std::move(each.line), next, ends);
    }
  }

  /// A rule that accepts says more than the policy of a chain that it went through before or after.
  void admit(Line& line, const Place& by) const {
    if (entering_ && (by.rule != nullptr || line.let_in.chain == nullptr)) line.let_in = by;
  }

  void follow(const At& at, const Verdict& verdict, Line line, std::vector<Line>& next,
              Ends& ends) {
    const Chain* target = at.stage.table->chain(verdict.target);
    if (target == nullptr || at.depth >= deepest) {
      line.perhaps_dropped = line.perhaps_accepted = at.place();
      next.push_back(std::move(line));
      return;
    }
    Ends inner;
    std::vector<Line> lines;
    lines.push_back(std::move(line));
    walk({at.stage.table, target}, std::move(lines), inner, at.depth + 1);
    for (Line& each : inner.accepted) ends.accepted.push_back(std::move(each));
    auto& on = verdict.kind == Verdict::Kind::goto_ ? ends.returned : next;
    for (Line& each : inner.returned) on.push_back(std::move(each));
  }

  /// A verdict that may have been given: the packet goes on, and this is remembered.
  void perhaps(const At& at, const Verdict& verdict, Line line, std::vector<Line>& next) {
    using V = Verdict::Kind;
    const bool accepts = verdict.kind == V::accept;
    const bool drops = verdict.kind == V::drop || verdict.kind == V::reject;
    bool may_accept = !drops;
    bool may_drop = !accepts;
    if (verdict.kind == V::jump) {
      const Chain* target = at.stage.table->chain(verdict.target);
      const bool can = target == nullptr || at.depth >= deepest || ends_some(at, *target, line);
      may_accept = may_drop = can;
    }
    if (may_accept && line.perhaps_accepted.chain == nullptr) line.perhaps_accepted = at.place();
    if (may_drop && line.perhaps_dropped.chain == nullptr) line.perhaps_dropped = at.place();
    line.perhaps_refused = line.perhaps_refused || verdict.kind == V::reject;
    line.perhaps_silenced = line.perhaps_silenced || verdict.kind == V::drop;
    next.push_back(std::move(line));
  }

  /// Whether a chain could end the way of a packet, or change it.
  bool ends_some(const At& at, const Chain& chain, const Line& line) {
    Evaluator trial(rules_, connection_);
    trial.steps_ = steps_;
    Ends ends;
    trial.walk({at.stage.table, &chain}, {line}, ends, at.depth + 1);
    steps_ = trial.steps_;
    const bool same = ends.returned.size() == 1 &&
                      ends.returned[0].packet.mark == line.packet.mark &&
                      ends.returned[0].packet.ct_mark == line.packet.ct_mark &&
                      ends.returned[0].packet.local_port == line.packet.local_port &&
                      ends.returned[0].perhaps_accepted.chain == line.perhaps_accepted.chain &&
                      ends.returned[0].perhaps_dropped.chain == line.perhaps_dropped.chain;
    return !same || !ends.accepted.empty() || !trial.fates_.empty();
  }

  void drop(Line line, const Place& by, Fate::Kind kind, const std::string& how, Ends& ends) {
    if (line.perhaps_accepted.chain == nullptr) {
      end(line, kind, by, how);
      return;
    }
    // An earlier rule may have let it pass this base chain: what is unsure is that rule.
    line.perhaps_dropped = line.perhaps_accepted;
    ends.accepted.push_back(std::move(line));
  }

  void change(const At& at, const Step& step, Active& each, Ends& ends) {
    Packet& packet = each.line.packet;
    const auto number = each.sure ? step.number : std::nullopt;
    if (step.kind == Step::Kind::set_mark) packet.mark = number;
    if (step.kind == Step::Kind::set_ct_mark) packet.ct_mark = number;
    if (step.kind == Step::Kind::notrack) packet.ct_state = each.sure ? "untracked" : "";
    if (step.kind != Step::Kind::nat) return;
    translated_by_ = at.place();
    if (!each.sure || !step.nat_known) {
      packet.local_port.reset();
      each.line.perhaps_dropped = at.place();
      return;
    }
    packet.translated = true;
    if (step.nat_port) packet.local_port = *step.nat_port;
    if (step.nat_address) {
      packet.local = *step.nat_address;
      const auto& own = connection_.own_addresses;
      packet.elsewhere = std::find(own.begin(), own.end(), packet.local) == own.end();
    }
    ends.accepted.push_back(each.line);
    packet.peers.clear();
  }

  static bool names_peer(const Rule* rule, const Packet& packet) {
    if (rule == nullptr) return false;
    const Field field = packet.answer ? Field::daddr : Field::saddr;
    return std::any_of(rule->steps.begin(), rule->steps.end(), [&](const Step& step) {
      const auto& fields = step.match.fields;
      return !step.match.negated && std::find(fields.begin(), fields.end(), field) != fields.end();
    });
  }

  /// What a reject sends is a packet of this host, too: where that is dropped, the peer hears
  /// nothing.
  bool is_silenced(Line line, const std::string& how) const {
    if (later_ || connection_.loopback) return false;
    Evaluator trial(rules_, connection_);
    line.perhaps_dropped = line.perhaps_accepted = {};
    const bool icmp = how.rfind("tcp", 0) != 0;
    const std::string& state = line.packet.ct_state;
    trial.go_out(line.packet, state == "new" ? "related" : state == "invalid" ? state : "");
    line.packet.icmp = icmp;
    line.packet.tcp_flags = kRstAck;
    const auto left = trial.pass("postrouting", trial.pass("output", {line}));
    return left.empty() && std::all_of(trial.fates_.begin(), trial.fates_.end(),
                                       [](const Fate& f) { return f.kind == Fate::Kind::drop; });
  }

  void end(const Line& line, Fate::Kind kind, const Place& by, const std::string& how) {
    Fate fate;
    const bool silent = kind == Fate::Kind::reject && is_silenced(line, how);
    fate.kind = silent ? Fate::Kind::drop : kind;
    fate.peers = line.packet.peers;
    fate.by = by;
    fate.how = how;
    fate.answer = line.packet.answer || (connection_.loopback && line.packet.iif == "-");
    fate.either = fate.kind == Fate::Kind::drop ? line.perhaps_refused : line.perhaps_silenced;
    fate.later = later_ && kind != Fate::Kind::accept;
    fate.by_peer = names_peer(by.rule, line.packet);
    fate.zone = line.zone;
    if (kind == Fate::Kind::accept) fate.let_in = line.let_in;
    fate.address = line.packet.local;
    fate.port = line.packet.local_port.value_or(connection_.port);
    fates_.push_back(std::move(fate));
  }

  const Ruleset& rules_;
  const Connection& connection_;
  std::vector<Fate> fates_{};
  Place translated_by_{};
  bool later_{false};
  bool entering_{false};  ///< at the hook where a first packet comes in
  std::size_t steps_{0};
};

}  // namespace

std::vector<Fate> evaluate(const Ruleset& rules, const Connection& connection) {
  std::vector<Fate> fates;
  for (Fate& fate : Evaluator(rules, connection).run()) {
    const auto same = std::find_if(fates.begin(), fates.end(), [&](const Fate& each) {
      return each.kind == fate.kind && each.by.chain == fate.by.chain &&
             each.by.rule == fate.by.rule && each.answer == fate.answer &&
             each.later == fate.later && each.zone == fate.zone && each.port == fate.port &&
             each.address == fate.address;
    });
    if (same == fates.end()) {
      fates.push_back(std::move(fate));
    } else {
      same->peers.insert(same->peers.end(), fate.peers.begin(), fate.peers.end());
      same->peers = united(std::move(same->peers));
    }
  }
  return fates;
}

}  // namespace hopcheck::firewall
