/// How a page fault ended.
public enum FaultOutcome: Equatable, Sendable {
  /// The access is possible now.
  case resolved
  /// There is no area: SIGSEGV with `SEGV_MAPERR`.
  case badAddress
  /// The area does not allow it: SIGSEGV with `SEGV_ACCERR`.
  case badAccess
  /// There is no page behind the area, or it cannot be read: SIGBUS.
  case busError
  /// There is no memory, whatever was tried to get some.
  case outOfMemory
}

/// Whether programs get huge pages: `/sys/kernel/mm/transparent_hugepage/enabled`.
public enum HugePagePolicy: Int, Sendable {
  /// Never.
  case never
  /// In areas that were advised so.
  case advised
  /// Wherever one fits.
  case always
}
