// Databases of earlier schemas, with data in them, opened by this binary.
import Domain
import GRDB
import SchemaMigrations
import StrictJSON
@testable import Storage
import StrictJSON
import Testing

struct UpgradeTests {
    /// A database as the binary of migration `number` left it.
    private func database(at path: String, migratedTo number: Int, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try Ledger.migrate(
                db, now: Timestamp(milliseconds: 7), migrations: allMigrations.filter { $0.number <= number })
            try db.execute(sql: sql)
        }
        try queue.close()
    }

    @Test func `updates of the first schema are kept, and say nothing of how to make them again`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        try database(
            at: path, migratedTo: 1,
            """
            INSERT INTO policies VALUES (0, 5), (1, 6);
            INSERT INTO updates VALUES (1, 'gppo', '[["loss",0.5]]', 6);
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        let update = try #require(try await ledger.update(PolicyVersion(1)))
        #expect(update["loss"] == 0.5)
        #expect(update.provenance == nil)
        try await ledger.commit(update: updateCommit(2, []))
        #expect(try await ledger.updates(before: nil, limit: 9).count == 2)
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `rollouts of earlier schemas read as before, and can be packed, judged again and deleted`() async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        let blob = (0..<400).map { _ in "01000000" }.joined()
        let logprobs = (0..<400).map { _ in "000080bf" }.joined()
        try database(
            at: path, migratedTo: 3,
            """
            INSERT INTO datasets (name) VALUES ('d');
            INSERT INTO prompts (id, dataset_seq, task_type, content_hash, created_at)
                VALUES ('p', 1, 'math', zeroblob(16), 5);
            INSERT INTO prompt_bodies VALUES (1, '{"text":"1+1?"}', '{"type":"math","answer":"2"}', '{}');
            INSERT INTO policies VALUES (0, 5), (1, 6);
            INSERT INTO checkpoints VALUES (1, 'policy-1', 1, 'd', '{}');
            INSERT INTO updates (version, objective, metrics, created_at) VALUES (1, 'gppo', '[]', 6);
            INSERT INTO groups (id, prompt_seq, size, oldest_version, created_at)
                VALUES ('g', 1, 1, 0, 5), ('h', 1, 1, 0, 6);
            INSERT INTO rollouts (id, prompt_seq, dataset_seq, group_seq, policy_version, content_hash, judging, created_at)
                VALUES ('r', 1, 1, 1, 0, zeroblob(16), 'waiting', 5);
            INSERT INTO rollout_bodies
                VALUES (1, x'5c626f7865647b327d', x'\(blob)', x'\(logprobs)', 'stop', 'vllm', '{}');
            INSERT INTO verdicts VALUES (1, 1, 1, 'math', 'passed', 1.0, NULL, '{"verdict":"passed","reason":"equal"}', 6);
            UPDATE rollouts SET judging = NULL, verdict_seq = 1, outcome = 'passed', reward = 1.0, status = 'scored';
            UPDATE groups SET member_count = 1, status = 'ready' WHERE id = 'g';
            UPDATE groups SET status = 'consumed', fate = 'trained', consumed_by_update = 1 WHERE id = 'g';
            UPDATE rollouts SET status = 'consumed', consumed_by_update = 1, advantage = 0.5;
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        #expect(try await ledger.check() == [])
        let before = try #require(try await ledger.rollout(RolloutID("r")))
        #expect(before.tokenIDs == Array(repeating: 1, count: 400) && before.advantage == 0.5 && before.origin == nil)
        #expect(try await ledger.compact(createdBefore: Timestamp(milliseconds: 9)).rollouts == 1)
        #expect(try await ledger.rollout(RolloutID("r")) == before)
        #expect(try await ledger.requestRescore(matching: RolloutFilter(), limit: 9) == 1)
        try await ledger.passAll()
        #expect(try await ledger.verdictHistory(of: RolloutID("r")).map(\.rescoreID) == [nil, RescoreID("rsc1")])
        // The newest verdict stays, so the group does too, until there is another.
        #expect(try await ledger.retain(RetentionPolicy(days: 1)).groups == 0)
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `leases of the third schema are listed, those of its own judge are taken back, and workers are known`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        try database(
            at: path, migratedTo: 3,
            """
            INSERT INTO datasets (seq, name) VALUES (1, 'd');
            INSERT INTO prompts (seq, id, dataset_seq, task_type, content_hash, created_at)
                VALUES (1, 'p', 1, 'math', zeroblob(16), 1);
            INSERT INTO prompt_bodies VALUES (1, '{"text":"1 + 1?"}', '{"type":"math","answer":"2"}', '{}');
            INSERT INTO leases (seq, id, kind, worker, is_local, attempt, policy_version, created_at, expires_at)
                VALUES (1, 'own', 'score', 'rolloutd-judge', 0, 1, 0, 5, 9000000000000),
                    (2, 'far', 'score', 'elsewhere', 0, 1, 0, 6, 9000000000000);
            INSERT INTO groups (seq, id, prompt_seq, size, member_count, oldest_version, created_at)
                VALUES (1, 'g', 1, 2, 2, 0, 2);
            INSERT INTO rollouts (seq, id, prompt_seq, dataset_seq, group_seq, policy_version, content_hash, status,
                judging, lease_seq, attempt, tries, created_at)
                VALUES (1, 'a', 1, 1, 1, 0, zeroblob(16), 'scoring', 'leased', 1, 1, 1, 3),
                    (2, 'b', 1, 1, 1, 0, zeroblob(16), 'scoring', 'leased', 2, 1, 1, 4);
            INSERT INTO rollout_bodies VALUES (1, x'32', x'', x'', 'stop', 't', '{}'), (2, x'32', x'', x'', 'stop', 't', '{}');
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        #expect(try await ledger.check() == [])
        #expect(
            try await ledger.workers(kind: .score, limit: 9).map(\.name).sorted() == ["elsewhere", "rolloutd-judge"])
        #expect(try await ledger.leaseDetail(LeaseID("far")).rollouts == [RolloutID("b")])
        #expect(try await ledger.reclaimAll() == 1)
        #expect(try await ledger.attempts(of: RolloutID("a")).map(\.outcome) == [.reclaimed])
        #expect(try await ledger.attempts(of: RolloutID("b")).map(\.outcome) == [nil])
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `rollouts of the third schema are found under two conditions`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        let hash = "x'00112233445566778899aabbccddeeff'"
        try database(
            at: path, migratedTo: 3,
            """
            INSERT INTO datasets (name) VALUES ('d');
            INSERT INTO prompts (id, dataset_seq, task_type, content_hash, created_at) VALUES ('p', 1, 'math', \(hash), 1);
            INSERT INTO prompt_bodies VALUES (1, '{"text":"2+2?"}', '{"type":"math","answer":"4"}', '{}');
            INSERT INTO groups (id, prompt_seq, size, member_count, oldest_version, created_at) VALUES ('g', 1, 4, 1, 0, 1);
            INSERT INTO rollouts (id, prompt_seq, dataset_seq, group_seq, policy_version, content_hash, judging, created_at)
                VALUES ('r', 1, 1, 1, 0, \(hash), 'waiting', 1);
            INSERT INTO rollout_bodies VALUES (1, x'34', x'', x'', 'stop', 'external', '{}');
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        for filter in [
            RolloutFilter(status: .queued, dataset: "d"),
            RolloutFilter(status: .queued, policyVersion: PolicyVersion(0)),
            RolloutFilter(dataset: "d", policyVersion: PolicyVersion(0)),
        ] {
            let page = try await ledger.rollouts(matching: filter, before: nil, limit: 9)
            #expect(page.rollouts.map(\.id) == [RolloutID("r")])
        }
        // A group of then is open to rollouts that name none, as before.
        #expect(try await ledger.addRollout(rollout("s", of: "p")).groupID == GroupID("g"))
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `rollouts that waited before there were keys wait in the lane without one`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        try database(
            at: path, migratedTo: 3,
            """
            INSERT INTO datasets (seq, name) VALUES (1, 'd');
            INSERT INTO prompts (seq, id, dataset_seq, task_type, content_hash, created_at)
                VALUES (1, 'p', 1, 'math', zeroblob(16), 5);
            INSERT INTO prompt_bodies VALUES (1, '"2+2?"', '{"type":"math","answer":"4"}', '{}');
            INSERT INTO groups (seq, id, prompt_seq, size, member_count, oldest_version, created_at)
                VALUES (1, 'g', 1, 3, 2, 0, 5);
            INSERT INTO rollouts (id, prompt_seq, dataset_seq, group_seq, policy_version, content_hash, judging, created_at)
                VALUES ('r1', 1, 1, 1, 0, zeroblob(16), 'waiting', 5), ('r2', 1, 1, 1, 0, zeroblob(16), 'waiting', 5);
            INSERT INTO rollout_bodies SELECT seq, x'34', x'', x'', 'stop', 'g', '{}' FROM rollouts;
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        #expect(try await ledger.check() == [])
        let lease = try #require(try await ledger.leaseScoring(worker: "j", max: 8, seconds: 60))
        #expect(lease.rollouts.map(\.rolloutID.text) == ["r1", "r2"])
        #expect(lease.rollouts.allSatisfy { $0.lane == KeyLane.unnamed })
        #expect(try await ledger.keys() == [])
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `a long task from before tasks were packed reads as before, and the same prompt again is known`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        var sent = codePrompt("old")
        let input = String(repeating: "17\n", count: Limits.packedTaskBytesMin)
        sent.task = .code(CodeTask(language: .python, tests: .standardStreams([.init(input: input, output: "1")])))
        let hash = try PreparedPrompt.prepare(sent).get().hash
        try database(
            at: path, migratedTo: 11,
            """
            INSERT INTO datasets (name) VALUES ('code');
            INSERT INTO prompts (id, dataset_seq, task_type, content_hash, created_at)
                VALUES ('old', 1, 'code', x'\(hash.hexadecimal)', 5);
            INSERT INTO prompt_bodies VALUES (1, '\(sent.content.json.text.replacing("'", with: "''"))', '\(sent.task.json.text)', '\(sent.metadata.text)');
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        #expect(try await ledger.prompt(PromptID("old"))?.task == sent.task)
        #expect(try await ledger.addPrompt(sent).isNew == false)
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `an update is recorded with all of its provenance or none`() async throws {
        let fixture = try Fixture()
        try await fixture.ledger.registerInitialPolicy(checkpoint: checkpoint(0))
        try await fixture.ledger.commit(update: updateCommit(1, []))
        try await fixture.ledger.close()
        let raw = try DatabaseQueue(path: fixture.path)
        try await raw.write { db in
            _ = #expect(throws: DatabaseError.self) { try db.execute(sql: "UPDATE updates SET settings = '{}'") }
        }
        try raw.close()
    }

    @Test func `a ledger from before events tells of what happens from now on`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        try database(
            at: path, migratedTo: 3,
            """
            INSERT INTO policies VALUES (0, 5), (1, 6);
            INSERT INTO updates (version, objective, metrics, created_at) VALUES (1, 'gppo', '[["loss",0.5]]', 6);
            INSERT INTO leases VALUES (1, 'old', 'generate', 'w', 0, 1, 1, 5, 9, NULL, NULL);
            """)
        let ledger = try Ledger.open(at: path, clock: StillClock().wall, identifiers: countedIdentifiers())
        #expect(try await ledger.newestEvent() == 0)
        try await ledger.commit(update: updateCommit(2, []))
        try await ledger.release(LeaseID("old"))
        let page = try await ledger.events(after: 0, through: .max, types: Set(EventType.allCases), limit: 9)
        #expect(page.events.map(\.type) == [.updateCommitted, .policyPublished, .leaseEnded])
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }

    @Test func `evaluations of an earlier schema are as they were, wanted by nobody, and can be gone on with`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("ledger.sqlite")
        let settings = EvaluationSettings(
            dataset: "d", model: .policy(PolicyVersion(1)), samples: 1, maxTokens: 8
        ).json.text
        try database(
            at: path, migratedTo: 11,
            """
            INSERT INTO datasets (seq, name) VALUES (1, 'd');
            INSERT INTO prompts (seq, id, dataset_seq, task_type, content_hash, created_at)
                VALUES (1, 'p', 1, 'math', zeroblob(16), 1);
            INSERT INTO prompt_bodies VALUES (1, '{"text":"1 + 1?"}', '{"type":"math","answer":"2"}', '{}');
            INSERT INTO evaluation_runs (id, settings, dataset_seq, last_prompt_seq, problems, seconds, created_at)
                VALUES ('evl-1', '\(settings)', 1, 1, 1, 3, 5);
            """)
        let clock = StillClock()
        let ledger = try Ledger.open(at: path, clock: clock.wall, identifiers: countedIdentifiers())
        try await ledger.reclaimEvaluations()
        let run = try await ledger.evaluationRun(EvaluationID("evl-1"))
        #expect(run.conduct == EvaluationConduct() && run.figures == nil && run.seconds == 3)
        #expect(run.state(at: clock.wall.now()) == .stopped)
        #expect(try await ledger.queuedEvaluations(limit: 9).isEmpty)
        #expect(try await ledger.want(run.id, concurrency: 2).state(at: clock.wall.now()) == .queued)
        #expect(try await ledger.check() == [])
        try await ledger.close()
    }
}
