// The bodies by which trainers and environments register.
import Domain
import StrictJSON

extension TrainerRegistration {
    /// The body of `/register`.
    init(atropos json: JSONValue) throws(InputError) {
        let fields = try JSONFields(ofAny: json)
        self.init(
            group: try fields.text("wandb_group"), project: try fields.text("wandb_project"),
            batchSize: try fields.integer("batch_size", in: 1...Limits.trajectoryBatchMax),
            tokensMax: try fields.integer("max_token_len", in: wide),
            checkpointDirectory: try fields.text("checkpoint_dir"),
            checkpointInterval: try fields.integer("save_checkpoint_interval", in: wide),
            startingStep: try fields.integer("starting_step", in: wide),
            steps: try fields.integer("num_steps", in: wide))
    }
}

extension EnvironmentRegistration {
    /// The body of `/register-env`.
    init(atropos json: JSONValue) throws(InputError) {
        let fields = try JSONFields(ofAny: json)
        _ = try fields.required("weight")
        self.init(
            name: try fields.text("desired_name"), tokensMax: try fields.integer("max_token_length", in: wide),
            weight: try fields.optionalNumber("weight", in: -1e9...1e9) ?? 1,
            groupSize: try fields.integer("group_size", in: 1...Limits.trajectorySequencesMax),
            batchShare: try fields.optionalNumber("min_batch_allocation", in: 0...1))
    }
}

/// The body that names an environment.
func environmentID(_ json: JSONValue) throws(InputError) -> Int64 {
    Int64(try JSONFields(ofAny: json).integer("env_id", in: 0...Int(Int32.max)))
}

/// Numbers that are only handed on; -1 means none in places.
private let wide = -1_000_000_000_000...1_000_000_000_000

extension JSONFields {
    /// A name or a path that is only handed on, and may be empty.
    fileprivate func text(_ name: String) throws(InputError) -> String {
        try string(name, bytes: 0...Limits.promptBytesMax)
    }
}
