// How the model in the process is held: in which numbers it is multiplied, and whether an adapter alone is trained.
import Modeling

/// Settings of the model that a run begins with. A checkpoint keeps its own, so they hold for new runs only.
package struct ModelSettings: Sendable, Equatable {
    package var precision: Precision
    /// Trains an adapter on top of a model that stays as it is; nil trains all parameters.
    package var adapter: AdapterSettings?

    package init(precision: Precision = .float32, adapter: AdapterSettings? = nil) {
        self.precision = precision
        self.adapter = adapter
    }
}
