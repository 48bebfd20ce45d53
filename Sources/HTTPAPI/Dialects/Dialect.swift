// The protocols of other systems that this server answers beside its own: which there are, and which are on.
import Domain
import Hummingbird
import StrictJSON

/// A protocol whose own clients can be pointed at this server unchanged. docs/integrations has a page for each.
package enum Dialect: String, Sendable, CaseIterable {
    /// ByteDance's SandboxFusion: programs run, and judged on tests.
    case sandboxFusion = "sandboxfusion"
    /// The remote reward models of OpenRLHF and slime.
    case remoteRewards = "remote-rewards"
    /// The resources servers of NVIDIA NeMo-Gym.
    case nemoGym = "nemo-gym"
    /// engineer-man's Piston: programs run.
    case piston
    /// NousResearch's Atropos: groups of sequences from environments to a trainer.
    case atropos
    /// Thinking Machines' Tinker: a client trains a model step by step.
    case tinker
    /// The control paths of vLLM's server.
    case vllm
    /// OpenAI's graders: run and validate.
    case graders

    /// Reads `all`, `none`, or names separated by commas; throws `InputError` for a name that is none.
    package static func reading(_ text: String) throws(InputError) -> Set<Dialect> {
        switch text {
        case "all": return Set(allCases)
        case "none", "": return []
        default:
            var dialects = Set<Dialect>()
            for name in text.split(separator: ",") {
                guard let dialect = Dialect(rawValue: String(name)) else {
                    throw InputError(
                        .invalidValue, "there is no dialect \"\(name.prefix(40))\"", field: "dialects",
                        hint: "all, none, or some of " + allCases.map(\.rawValue).joined(separator: ","))
                }
                dialects.insert(dialect)
            }
            return dialects
        }
    }
}

/// The operations of the dialects that are on.
func dialectEndpoints(_ dialects: Set<Dialect>, _ service: some ServiceFacade) -> [Endpoint] {
    Dialect.allCases.filter(dialects.contains).flatMap { dialect in
        switch dialect {
        case .sandboxFusion: sandboxFusionEndpoints(service)
        case .remoteRewards: remoteRewardEndpoints(service)
        case .nemoGym: nemoGymEndpoints(service)
        case .piston: pistonEndpoints(service)
        case .atropos: atroposEndpoints(service)
        case .tinker: tinkerEndpoints(service)
        case .vllm: vllmEndpoints(service)
        case .graders: graderEndpoints(service)
        }
    }
}

extension ErrorAnswer {
    /// What is wrong in one line: the field, the message and what to do.
    var line: String {
        let field = error["field"]?.string.map { "\($0): " } ?? ""
        let hint = error["hint"]?.string.map { "; \($0)" } ?? ""
        return field + (error["message"]?.string ?? "the service failed to answer") + hint
    }
}
