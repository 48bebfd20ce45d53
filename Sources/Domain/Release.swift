// Which release this is.

/// The release that everything of this build belongs to.
package enum Release {
    /// As `rolloutd --version` says it.
    package static let version = "0.1.0"
}
