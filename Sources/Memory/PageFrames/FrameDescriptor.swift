public import Synchronization

/// What the kernel knows about one frame: 32 bytes for each, in one table indexed by frame number.
///
/// Every field is an atomic of relaxed order, which costs what a plain load or store costs, so that a descriptor may be
/// looked at from any CPU at any time. Who may change a field: the links, `kind` and `order` belong to whoever holds the lock
/// of the list the frame is on, or to the frame's only owner; `references` and `mappings` are counters that anybody changes.
/// An all-zero descriptor is a valid one: an absent frame.
public struct FrameDescriptor: ~Copyable, Sendable {
  private let indexField = Atomic<UInt64>(0)
  private let ownerField = Atomic<UInt32>(0)
  private let nextField = Atomic<UInt32>(0)
  private let previousField = Atomic<UInt32>(0)
  /// How many holders the frame has: page tables, the page cache, copies under way. The last to leave frees it.
  public let references = Atomic<UInt32>(0)
  /// How many page-table entries map the frame.
  public let mappings = Atomic<UInt32>(0)
  private let kindField = Atomic<UInt8>(0)
  private let orderField = Atomic<UInt8>(0)
  private let flagsField = Atomic<UInt8>(0)

  /// Creates the descriptor of an absent frame.
  public init() {}

  /// What the frame is used for.
  @inline(__always)
  public var kind: FrameKind {
    get { FrameKind(rawValue: kindField.load(ordering: .relaxed)) ?? .absent }
    nonmutating set { kindField.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// `kind` as a number; cheaper to read.
  @inline(__always)
  public var rawKind: UInt8 { kindField.load(ordering: .relaxed) }

  /// Whether `kind` is what is asked for; cheaper than reading it.
  @inline(__always)
  public func isKind(_ kind: FrameKind) -> Bool { kindField.load(ordering: .relaxed) == kind.rawValue }

  /// The logarithm of the number of frames in the block that the frame is the first of.
  @inline(__always)
  public var order: Int {
    get { Int(orderField.load(ordering: .relaxed)) }
    nonmutating set { orderField.store(UInt8(truncatingIfNeeded: newValue), ordering: .relaxed) }
  }

  /// What reclaim and the page cache know about the frame.
  @inline(__always)
  public var flags: FrameFlags {
    get { FrameFlags(rawValue: flagsField.load(ordering: .relaxed)) }
    nonmutating set { flagsField.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// Sets `flags` whatever other CPUs do to the others.
  public func insert(_ flags: FrameFlags) { flagsField.bitwiseOr(flags.rawValue, ordering: .relaxed) }

  /// Clears `flags` whatever other CPUs do to the others.
  public func remove(_ flags: FrameFlags) { flagsField.bitwiseAnd(~flags.rawValue, ordering: .relaxed) }

  /// The next frame on the list that this one is on.
  @inline(__always)
  public var next: FrameNumber {
    get { FrameNumber(nextField.load(ordering: .relaxed)) }
    nonmutating set { nextField.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// The previous frame on the list that this one is on.
  @inline(__always)
  public var previous: FrameNumber {
    get { FrameNumber(previousField.load(ordering: .relaxed)) }
    nonmutating set { previousField.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// Whose the frame is; what the number means depends on `kind`.
  @inline(__always)
  public var owner: UInt32 {
    get { ownerField.load(ordering: .relaxed) }
    nonmutating set { ownerField.store(newValue, ordering: .relaxed) }
  }

  /// Which part of its owner the frame is; what the number means depends on `kind`.
  @inline(__always)
  public var index: UInt64 {
    get { indexField.load(ordering: .relaxed) }
    nonmutating set { indexField.store(newValue, ordering: .relaxed) }
  }
}

/// Bits of a frame's state that change on their own.
public struct FrameFlags: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8

  /// The flags with these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Was used since reclaim last looked.
  public static let referenced = FrameFlags(rawValue: 1 << 0)
  /// Is on the active list.
  public static let active = FrameFlags(rawValue: 1 << 1)
  /// Differs from what is on disk.
  public static let dirty = FrameFlags(rawValue: 1 << 2)
  /// Is being written to disk.
  public static let writeback = FrameFlags(rawValue: 1 << 3)
  /// Is locked in memory.
  public static let unevictable = FrameFlags(rawValue: 1 << 4)
  /// Holds what it should: has been read or filled.
  public static let upToDate = FrameFlags(rawValue: 1 << 5)
  /// Is on a reclaim list.
  public static let listed = FrameFlags(rawValue: 1 << 6)
  /// Was used twice since reclaim last looked; with `referenced`, at least three times.
  public static let referencedTwice = FrameFlags(rawValue: 1 << 7)
}
