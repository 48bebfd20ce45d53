// The run of a trainer and its environments, as Atropos' trajectory API knows them.
import Domain
import GRDB

extension Ledger {
    /// Registers a trainer and returns a number of 128 bits for it.
    ///
    /// The first registration begins the run at its starting step. A later one goes on with the run, its step, its queue and its
    /// environments, under the new settings; batches that were not acknowledged are handed out again first. With another size
    /// of batches their groups go back to the front of the queue.
    package func register(trainer: TrainerRegistration) async throws -> UInt128 {
        try await write { [clock, identifiers] db in
            let before = try db.trajectoryRun()
            try db.run(
                """
                INSERT INTO trajectory_run (id, wandb_group, wandb_project, batch_size, max_token_len, checkpoint_dir,
                    save_checkpoint_interval, starting_step, num_steps, step, is_started, registered_at)
                VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
                ON CONFLICT (id) DO UPDATE SET wandb_group = excluded.wandb_group, wandb_project = excluded.wandb_project,
                    batch_size = excluded.batch_size, max_token_len = excluded.max_token_len,
                    checkpoint_dir = excluded.checkpoint_dir,
                    save_checkpoint_interval = excluded.save_checkpoint_interval, num_steps = excluded.num_steps
                """,
                [
                    trainer.group, trainer.project, trainer.batchSize, trainer.tokensMax, trainer.checkpointDirectory,
                    trainer.checkpointInterval, trainer.startingStep, trainer.steps, trainer.startingStep,
                    clock.now().milliseconds,
                ])
            try db.run("UPDATE trajectory_batches SET status = 'ready', expires_at = NULL WHERE status <> 'ready'")
            if let before, before.registration.batchSize != trainer.batchSize {
                try db.run(
                    """
                    UPDATE trajectory_groups SET status = 'queued', batch_seq = NULL, batch_place = NULL
                    WHERE status = 'batched'
                    """)
                try db.run("DELETE FROM trajectory_batches")
            }
            let name = ContentHash.of(identifiers.make("trainer").utf8)
            return name.bytes.reduce(0) { $0 << 8 | UInt128($1) }
        }
    }

    /// The run, or nil before a trainer has registered.
    package func trajectoryRun() async throws -> TrajectoryRun? { try await read { db in try db.trajectoryRun() } }

    /// Registers an environment; nil while no trainer has asked for a batch. Throws `LedgerError.queueFull` at their bound.
    package func register(environment: EnvironmentRegistration) async throws -> EnvironmentReceipt? {
        try await write { [clock] db in
            guard let run = try db.trajectoryRun(), run.isStarted else { return nil }
            let id = (try db.integer("SELECT max(id) FROM trajectory_environments") ?? -1) + 1
            guard id < Limits.environmentsMax else {
                throw LedgerError.queueFull(
                    "\(id) environments have registered; GET /reset_data forgets them", retryAfterSeconds: 60)
            }
            let same = try db.integer(
                "SELECT count(*) FROM trajectory_environments WHERE desired_name = ?", [environment.name])
            let name = "\(environment.name)_\(same ?? 0)"
            try db.run(
                "INSERT INTO trajectory_environments VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
                [
                    id, environment.name, name, environment.tokensMax, environment.weight, environment.groupSize,
                    environment.batchShare, clock.now().milliseconds,
                ])
            return EnvironmentReceipt(id: id, name: name, run: run)
        }
    }

    /// Notes that an environment is gone; false when there is none of that number.
    package func disconnect(environment id: Int64) async throws -> Bool {
        try await write { db in
            try db.run("UPDATE trajectory_environments SET is_connected = 0 WHERE id = ?", [id]) > 0
        }
    }

    /// The queue as an environment sees it, or nil when there is none of that number. Its group size grows to the largest group
    /// that it has in the queue.
    package func environmentQueue(of id: Int64) async throws -> EnvironmentQueue? {
        let (queue, known) = try await read { db -> (EnvironmentQueue?, Int) in
            let all = try db.trajectoryEnvironments()
            guard let environment = all.first(where: { $0.id == id }) else { return (nil, 0) }
            let loads = try db.rows(
                """
                SELECT env_id, sum(sequences) AS sequences, max(sequences) AS largest FROM trajectory_groups
                WHERE status = 'queued' GROUP BY env_id
                """
            ).map {
                EnvironmentLoad(environment: $0["env_id"], sequences: $0["sequences"], largestGroup: $0["largest"])
            }
            let queue = EnvironmentQueue(of: environment, among: all, loads: loads, run: try db.trajectoryRun())
            return (queue, environment.registration.groupSize)
        }
        if let queue, queue.groupSize > known {
            try await write { db in
                _ = try db.run(
                    "UPDATE trajectory_environments SET group_size = max(group_size, ?) WHERE id = ?",
                    [queue.groupSize, id])
            }
        }
        return queue
    }

    /// Forgets the run, its environments, every group and every batch.
    package func clearTrajectories() async throws {
        try await write { db in
            for table in ["groups", "batches", "posts", "environments", "run"] {
                try db.run("DELETE FROM trajectory_\(table)")
            }
        }
    }
}

extension Database {
    func trajectoryRun() throws -> TrajectoryRun? {
        guard let row = try row("SELECT * FROM trajectory_run") else { return nil }
        return TrajectoryRun(
            registration: TrainerRegistration(
                group: row["wandb_group"], project: row["wandb_project"], batchSize: row["batch_size"],
                tokensMax: row["max_token_len"], checkpointDirectory: row["checkpoint_dir"],
                checkpointInterval: row["save_checkpoint_interval"], startingStep: row["starting_step"],
                steps: row["num_steps"]),
            step: row["step"], isStarted: row["is_started"], queued: try trajectoryTally("queued"))
    }

    fileprivate func trajectoryEnvironments() throws -> [TrajectoryEnvironment] {
        try rows("SELECT * FROM trajectory_environments ORDER BY id").map { row in
            TrajectoryEnvironment(
                id: row["id"],
                registration: EnvironmentRegistration(
                    name: row["desired_name"], tokensMax: row["max_token_length"], weight: row["weight"],
                    groupSize: row["group_size"], batchShare: row["batch_share"]),
                isConnected: row["is_connected"])
        }
    }
}
