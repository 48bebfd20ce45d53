// The pages of learning: runs, groups, tokens, policies, queue. Each reads its query, asks for one screen, and renders.
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Service

/// `GET /runs` and its charts, `/groups`, `/tokens/kept`, `/policies`, `/evaluations`, `/queue`, and the form that rolls back.
func windowEndpoints(_ service: some ServiceFacade) -> [Endpoint] {
    [
        Endpoint(.get, "/runs") { try await runs($0, service) },
        Endpoint(.get, "/runs/chart.svg") { try await runChart($0, service) },
        Endpoint(.get, "/groups") { try await groups($0, service) },
        Endpoint(.get, "/groups/{id}") { try await group($0, service) },
        Endpoint(.get, "/tokens/kept") { try await keptTokens($0, service) },
        Endpoint(.get, "/policies") { try await policies($0, service) },
        Endpoint(.get, "/policies/{version}/rollback") { call in
            _ = try call.query([])
            let version = try await service.keptVersion(of: .version(try policyVersion(call)))
            return formResponse(
                RollbackPage(version: version, newest: service.learnerReport().policyVersion, isAsked: false).html)
        },
        Endpoint(.post, "/policies/{version}/rollback", audit: .members([]), isForm: true) { call in
            try await call.readNothing()
            let version = try await service.keptVersion(of: .version(try policyVersion(call)))
            service.rollBackLearner(to: version)
            return pageResponse(
                RollbackPage(version: version, newest: service.learnerReport().policyVersion, isAsked: true).html,
                status: .accepted)
        },
        Endpoint(.get, "/evaluations") { call in
            _ = try call.query([])
            let runs = try await service.evaluationRuns(limit: Limits.listedRows)
            return pageResponse(EvaluationsPage(runs: runs, now: service.status().now).html)
        },
        Endpoint(.get, "/queue") { try await queue($0, service) },
    ].map(\.asPage)
}

// MARK: Runs

private func runView(_ query: QueryParameters) throws(InputError) -> RunView {
    var view = RunView()
    view.metrics = try metricNames(query, countMax: Limits.curvesMax)
    view.from = try query.integer("from", in: 0...Int(Int32.max))
    view.to = try query.integer("to", in: 0...Int(Int32.max))
    view.isTogether = try query.choice("together", Switch.self) == .on
    return view
}

private enum Switch: String, CaseIterable, Sendable { case on, off }

/// What a form sends that was left empty counts as not sent.
private let runParameters = ["metric", "from", "to", "together"]

private func runs(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let view = try runView(try call.formQuery(runParameters, lists: ["metric"]))
    let series = try await service.updateSeries(from: view.from, to: view.to, points: Limits.curvePoints)
    let versions = PolicyVersion(view.from ?? 0)...PolicyVersion(max(view.to ?? Int(Int32.max), view.from ?? 0))
    let evaluations =
        view.from == nil && view.to == nil
        ? try await service.evaluations(limit: Limits.curvePoints * 3).sorted { $0.version < $1.version }
        : try await service.evaluations(
            from: versions.lowerBound, to: versions.upperBound, limit: Limits.curvePoints * 3)
    let accuracies = try await service.policyAccuracies(limit: Limits.listedRows)
    return pageResponse(
        RunsPage(view: view, series: series, evaluations: evaluations, accuracies: accuracies).html)
}

private func runChart(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let view = try runView(try call.formQuery(runParameters, lists: ["metric"]))
    guard !view.metrics.isEmpty else {
        throw InputError(
            .missingField, "no metric is named", field: "metric", hint: "as /runs/chart.svg?metric=entropy")
    }
    let series = try await service.updateSeries(from: view.from, to: view.to, points: Limits.curvePoints)
    return svgResponse(RunsPage.chart(Array(view.metrics.prefix(5)), series))
}

// MARK: Groups

private func groups(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.formQuery(["status", "dataset", "prompt_id", "before"])
    let filter = GroupQuery(
        status: try query.choice("status", GroupStatus.self), dataset: try query.name("dataset"),
        promptID: try query.identifier("prompt_id", PromptID.self))
    let page = try await service.groups(
        matching: filter, before: try query.integer("before", in: 0...Limits.cursorMax).map { Int64($0) },
        limit: Limits.listedRows)
    // Nothing to show may be a name that is mistyped.
    let names =
        page.groups.isEmpty && filter.dataset != nil
        ? try await service.datasetNames(limit: Limits.datasetNamesRead) : []
    return pageResponse(GroupsPage(page: page, filter: filter, now: service.status().now, datasets: names).html)
}

private func group(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    _ = try call.query([])
    let detail = try await service.groupDetail(try call.identifier("id", GroupID.self))
    let prompt = try await service.askedPrompt(detail.record.promptID)
    let newest = try await service.rollouts(
        matching: RolloutFilter(groupID: detail.record.id), before: nil, limit: Limits.groupMembersShown)
    return pageResponse(GroupDetailPage(detail: detail, prompt: prompt, rollouts: newest.rollouts.reversed()).html)
}

// MARK: Tokens

private func keptTokens(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["before"])
    let records = try await service.keptTokens(before: try query.version("before"), limit: Limits.keptTokensPerUpdate)
    let contexts = records.map { service.tokenTexts($0.token.context) }
    return pageResponse(
        KeptTokensPage(
            records: records, contexts: contexts,
            nextBefore: records.count < Limits.keptTokensPerUpdate ? nil : records.last?.update
        ).html)
}

/// One rollout with its tokens; what reads the ledger comes before what computes.
func rolloutPage(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["by", "against", "first"])
    let colour = try query.choice("by", TokenColour.self) ?? .ratio
    let chosen = try query.choice("against", TokenBasis.self)
    let first = try query.integer("first", in: 0...Limits.tokensMax) ?? 0
    let rollout = try await service.rollout(try call.identifier("id", RolloutID.self), waitSeconds: 0)
    // Held against the policy that sampled it every ratio is 1: the other end of the update says more.
    let isFresh = rollout.consumedByUpdate.map { rollout.policyVersion.number == $0 - 1 } ?? false
    let basis = chosen ?? (isFresh ? .after : .before)
    let prompt = try await service.askedPrompt(rollout.promptID)
    let kept = try await service.keptTokens(of: rollout.id)
    let judgements = try await service.judgements(of: rollout.id)
    let attempts = try await service.attempts(of: rollout.id)
    let texts = service.tokenTexts(rollout.tokenIDs)
    let report =
        texts.isEmpty
        ? TokenReport(.missing("its tokens are not those of the model in this process"))
        : try await service.tokenReport(of: rollout, prompt: prompt, basis: basis)
    let view = TokenView(
        rollout: rollout, texts: texts, report: report, kept: kept, colour: colour, basis: basis, first: first)
    return pageResponse(
        RolloutDetailPage(prompt: prompt, tokens: view, judgements: judgements, attempts: attempts).html)
}

// MARK: Policies and queue

private func policies(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["before"])
    let records = try await service.policyRecords(before: try query.version("before"), limit: Limits.listedRows)
    var evaluations: [EvaluationRecord] = []
    if let newest = records.first?.version, let oldest = records.last?.version {
        evaluations = try await service.evaluations(from: oldest, to: newest, limit: Limits.curvePoints * 3)
    }
    let next = records.count == Limits.listedRows ? records.last?.version : nil
    return pageResponse(
        PoliciesPage(records: records, evaluations: evaluations, learner: service.learnerReport(), nextBefore: next)
            .html)
}

private func policyVersion(_ call: Call) throws(InputError) -> PolicyVersion {
    guard let number = Int(call.parameters["version"] ?? ""), (0...Int(Int32.max)).contains(number) else {
        throw InputError(.invalidValue, "not a policy version", field: "version", hint: "a number")
    }
    return PolicyVersion(number)
}

private func queue(_ call: Call, _ service: some ServiceFacade) async throws -> Response {
    let query = try call.query(["state", "before"])
    let isAlive = try query.choice("state", LeaseChoice.self) != .all
    let leases = try await service.leases(
        matching: LeaseFilter(isAlive: isAlive ? true : nil),
        before: try query.integer("before", in: 0...Limits.cursorMax).map { Int64($0) }, limit: Limits.listedRows)
    let workers = try await service.workers(kind: nil, limit: Limits.listedRows)
    return pageResponse(
        QueuePage(status: service.status(), leases: leases, workers: workers, isAlive: isAlive).html)
}

private enum LeaseChoice: String, CaseIterable, Sendable { case alive, all }

/// A page with a form that changes something. Its requests must name this origin, so the referrer policy is no stricter.
private func formResponse(_ page: HTML) -> Response {
    var response = pageResponse(page)
    response.headers[referrerPolicy] = "same-origin"
    return response
}
