/// What an access wanted that the page tables did not allow.
public struct PageFaultAccess: Equatable, Sendable {
  /// What was tried.
  public enum Kind: Sendable {
    /// A load.
    case read
    /// A store.
    case write
    /// An instruction fetch.
    case execute
  }

  /// What was tried.
  public let kind: Kind
  /// Whether the program itself did it; otherwise the kernel did on its behalf.
  public let isUser: Bool
  /// Whether a page was mapped there and forbade it.
  public let isPresent: Bool

  /// Describes an access.
  public init(_ kind: Kind, isUser: Bool, isPresent: Bool) {
    self.kind = kind
    self.isUser = isUser
    self.isPresent = isPresent
  }
}

/// What is said of a page fault by whoever was asked to resolve it.
public enum PageFaultAnswer: UInt8, Sendable {
  /// The access is worth trying again.
  case resolved
  /// Nothing is there.
  case badAddress
  /// What is there does not allow the access.
  case badAccess
  /// What should be there cannot be had.
  case busError
  /// There is no memory for it.
  case outOfMemory
  /// It is not resolved, and nothing more is known.
  case unresolved
}

/// Who resolves the page faults of a program: its address space, given to Machine with the page table.
open class PageFaultHandler {
  /// Creates a handler that resolves nothing.
  public init() {}

  /// Makes the access possible, or says that it is not allowed.
  ///
  /// May be asked about an access that is possible already, because another CPU was faster or because this CPU's TLB
  /// was out of date; the answer is then true.
  ///
  /// - Parameter address: belongs to programs; not aligned.
  /// - Returns: whether the access is worth trying again.
  /// - Context: interrupts are as they were at the access. The access was a program's or a `UserMemory` function's.
  open func resolve(address: UInt64, access: PageFaultAccess) -> Bool { false }

  /// The same, and says why not.
  ///
  /// - Context: as `resolve`.
  open func answer(address: UInt64, access: PageFaultAccess) -> PageFaultAnswer {
    resolve(address: address, access: access) ? .resolved : .unresolved
  }
}
