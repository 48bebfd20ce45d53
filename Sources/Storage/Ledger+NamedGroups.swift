// Groups that clients open by name, and groups out: one, and pages of them.
import Domain
import GRDB

extension Ledger {
    /// Opens groups; one result each, in order, given once all are durable. A group opened here takes only rollouts that
    /// name it, and is not handed out.
    ///
    /// The same id with the same prompt and size is a no-op; with others, or when its group was deleted, `conflict`.
    ///
    /// - Parameters:
    ///   - groupSize: The size of those that name none.
    ///   - version: The newest policy.
    package func open(
        groups: [GroupSubmission], groupSize: Int, version: PolicyVersion
    ) async throws -> [Result<GroupReceipt, InputError>] {
        try await write(.intake) { [clock, identifiers] db in
            let now = clock.now()
            return try groups.map { group in
                let size = min(max(group.size ?? groupSize, 1), Limits.groupSizeMax)
                if let id = group.id, let known = try db.receipt(ofKnown: id, group) { return known }
                guard let promptSeq = try db.integer("SELECT seq FROM prompts WHERE id = ?", [group.promptID.text])
                else {
                    return .failure(
                        InputError(
                            .notFound, "there is no prompt \(group.promptID)", field: "prompt_id",
                            hint: "submit the prompt first"))
                }
                // A name that was once settled stays taken: its rollouts are still known.
                if let id = group.id, try db.integer("SELECT 1 FROM deleted_groups WHERE id = ?", [id.text]) != nil {
                    return .failure(
                        InputError(
                            .conflict, "group \(id) was settled and deleted", field: "id", hint: "use another id"))
                }
                let id = group.id ?? GroupID(identifiers.make("grp"))
                try db.run(
                    """
                    INSERT INTO groups (id, prompt_seq, size, oldest_version, created_at, is_named)
                    VALUES (?, ?, ?, ?, ?, 1)
                    """, [id.text, promptSeq, size, version.number, now.milliseconds])
                return .success(GroupReceipt(id: id, size: size, status: .open, isNew: true))
            }
        }
    }

    /// One page of the groups that match, newest first, before the cursor of an earlier page.
    package func groups(matching filter: GroupQuery, before cursor: Int64?, limit: Int) async throws -> GroupPage {
        let limit = min(max(limit, 1), Limits.pageRowsMax)
        return try await read { db in
            var condition = "g.seq < ?"
            var arguments: StatementArguments = [cursor ?? .max]
            if let status = filter.status {
                condition += " AND g.status = ?"
                arguments += [status.rawValue]
            }
            // A name that nothing has would walk all groups to find none.
            if let dataset = filter.dataset {
                guard let seq = try db.integer("SELECT seq FROM datasets WHERE name = ?", [dataset]) else {
                    return GroupPage(groups: [], nextCursor: nil)
                }
                condition += " AND p.dataset_seq = ?"
                arguments += [seq]
            }
            if let promptID = filter.promptID {
                guard let seq = try db.integer("SELECT seq FROM prompts WHERE id = ?", [promptID.text]) else {
                    return GroupPage(groups: [], nextCursor: nil)
                }
                condition += " AND g.prompt_seq = ?"
                arguments += [seq]
            }
            let rows = try db.rows(
                groupColumns + " WHERE \(condition) ORDER BY g.seq DESC LIMIT ?", arguments + [limit + 1])
            return GroupPage(
                groups: try rows.prefix(limit).map(decodeGroup),
                nextCursor: rows.count > limit ? rows[limit - 1]["seq"] as Int64 : nil)
        }
    }

    /// The names of data sets that have prompts, in the order of the alphabet.
    package func datasetNames(limit: Int) async throws -> [String] {
        try await read { db in
            try db.rows("SELECT name FROM datasets WHERE prompt_count > 0 ORDER BY name LIMIT ?", [max(0, limit)])
                .map { $0["name"] }
        }
    }

    /// A group with its members and the leases it was in. Throws `InputError.notFound`.
    package func groupDetail(_ id: GroupID) async throws -> GroupDetail {
        try await read { db in
            guard let row = try db.row(groupColumns + " WHERE g.id = ?", [id.text]) else {
                throw InputError(
                    .notFound, "there is no group \(id)", hint: "groups come from leases, or from POST /v1/groups")
            }
            let members = try db.rows(
                """
                SELECT id, status, outcome, reward, advantage, policy_version FROM rollouts
                WHERE group_seq = ? ORDER BY seq
                """, [row["seq"] as Int64])
            return GroupDetail(
                record: try decodeGroup(row), members: try members.map(decodeMember),
                attempts: try db.attempts(row["seq"], kind: .generate))
        }
    }
}

/// A query that gives what `decodeGroup` reads; conditions on `g` and `p` are appended.
private let groupColumns = """
    SELECT g.seq, g.id, p.id AS prompt_id, d.name AS dataset, g.size, g.member_count, g.status, g.fate, g.oldest_version,
        g.consumed_by_update, g.attempt, l.id AS lease_id, g.created_at
    FROM groups g CROSS JOIN prompts p ON p.seq = g.prompt_seq CROSS JOIN datasets d ON d.seq = p.dataset_seq
        LEFT JOIN leases l ON l.seq = g.lease_seq
    """

private func decodeGroup(_ row: Row) throws -> GroupRecord {
    GroupRecord(
        id: GroupID(row["id"]), promptID: PromptID(row["prompt_id"]), dataset: row["dataset"], size: row["size"],
        memberCount: row["member_count"], status: try storedCase(row["status"], "groups.status"),
        fate: try (row["fate"] as String?).map { try storedCase($0, "groups.fate") },
        oldestVersion: PolicyVersion(row["oldest_version"]), consumedByUpdate: row["consumed_by_update"],
        attempt: row["attempt"], leaseID: (row["lease_id"] as String?).map { LeaseID($0) },
        createdAt: Timestamp(milliseconds: row["created_at"]))
}

private func decodeMember(_ row: Row) throws -> GroupMember {
    GroupMember(
        id: RolloutID(row["id"]), status: try storedCase(row["status"], "rollouts.status"),
        outcome: try (row["outcome"] as String?).map { try storedCase($0, "rollouts.outcome") }, reward: row["reward"],
        advantage: row["advantage"], policyVersion: PolicyVersion(row["policy_version"]))
}

extension Database {
    /// The answer for a group that is there already: a no-op for the same prompt and size, otherwise a conflict.
    fileprivate func receipt(
        ofKnown id: GroupID, _ group: GroupSubmission
    ) throws -> Result<GroupReceipt, InputError>? {
        let row = try row(
            """
            SELECT g.status, coalesce(g.asked_size, g.size) AS size, p.id AS prompt_id
            FROM groups g CROSS JOIN prompts p ON p.seq = g.prompt_seq WHERE g.id = ?
            """, [id.text])
        guard let row else { return nil }
        let (size, prompt): (Int, String) = (row["size"], row["prompt_id"])
        guard prompt == group.promptID.text, size == group.size ?? size else {
            let sent = group.size.map { " of size \($0)" } ?? ""
            return .failure(
                InputError(
                    .conflict,
                    "group \(id) is one of size \(size) for prompt \(prompt), not\(sent) for \(group.promptID)",
                    field: "id", hint: "give the other group another id"))
        }
        return .success(
            GroupReceipt(id: id, size: size, status: try storedCase(row["status"], "groups.status"), isNew: false))
    }
}
