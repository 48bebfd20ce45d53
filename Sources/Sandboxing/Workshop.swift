// What all slots of a pool have in common: how jails are built, and what the compiler made that any of them may use.

/// Builds jails and holds compiled programs and precompiled headers.
struct Workshop: Sendable {
    let tier: SandboxTier
    let landlockABI: Int
    let configuration: SandboxConfiguration
    let programs: CompiledPrograms
    let headers: CompilerHeaders

    init(tier: SandboxTier, landlockABI: Int, configuration: SandboxConfiguration) {
        self.tier = tier
        self.landlockABI = landlockABI
        self.configuration = configuration
        programs = CompiledPrograms(bytesMax: configuration.programBytesMax)
        headers = CompilerHeaders(tier: tier, landlockABI: landlockABI, configuration: configuration)
    }

    /// A jail for the slot of this number.
    func build(number: Int, headers: String?) throws(SlotFailure) -> Slot {
        try Slot.build(
            number: number, tier: tier, landlockABI: landlockABI, configuration: configuration, headers: headers)
    }
}
