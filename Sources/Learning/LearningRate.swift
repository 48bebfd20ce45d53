// The learning rate of an update. Pure; the step itself is the model's.

extension LearnerSettings {
    /// The learning rate of an update.
    ///
    /// It rises in a straight line over `warmupUpdates` and is full at the last of them. Update 1 already learns: verl
    /// starts at 0, which wastes its first batch.
    ///
    /// - Parameter update: 1 for the first; it is the version that the update makes.
    package func learningRate(update: Int) -> Double {
        let position = max(update - scheduleStart, 1)
        if position < warmupUpdates { return learningRate * Double(position) / Double(warmupUpdates) }
        let span = scheduleUpdates - warmupUpdates
        let progress = span > 0 ? min(1, Double(position - warmupUpdates) / Double(span)) : 1
        switch schedule {
        case .constant: return learningRate
        case .linear: return learningRate * (1 - (1 - scheduleFloor) * progress)
        case .cosine:
            return learningRate * (scheduleFloor + (1 - scheduleFloor) * (1 + cosineOfPi(progress)) / 2)
        }
    }
}
