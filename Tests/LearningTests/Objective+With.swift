// Small conveniences of the tests. No formulae.
import Foundation
import Learning

extension Objective {
    /// This objective with some constants changed.
    func with(_ change: (inout Objective) -> Void) -> Objective {
        var copy = self
        change(&copy)
        return copy
    }
}

/// The natural logarithm; Foundation's `log` collides with nothing under this name.
func logarithm(_ x: Double) -> Double { log(x) }
