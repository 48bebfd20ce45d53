// The command `rolloutd`: what it can do, and how it ends. No logic here or in the commands; that is Service's.
import ArgumentParser
import Domain
import Service

@main
struct Rolloutd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rolloutd",
        abstract: "Reinforcement learning with verifiable rewards: a ledger of rollouts, verdicts, and a GPPO learner.",
        discussion: """
            External generators submit prompts and post rollouts over HTTP; rolloutd keeps them in SQLite, judges math and
            code answers (code in a sandbox), and a background learner applies GPPO updates to a model in this process.

            Begin with `rolloutd serve` and open the address it prints.
            """,
        version: Release.version,
        subcommands: [
            ServeCommand.self, ScoreCommand.self, ScoreWorkerCommand.self, TrainCommand.self, CompareCommand.self,
            EvaluateCommand.self, ObjectiveCommand.self,
            ReplayCommand.self, PlotCommand.self, ImportCommand.self, ExportCommand.self, BackupCommand.self,
            RestoreCommand.self,
            CheckCommand.self, CompactCommand.self, KeysCommand.self, AuditCommand.self, WeightsCommand.self,
            ProblemsCommand.self, BenchCommand.self,
        ])
}
