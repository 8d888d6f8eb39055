/// What a `LinkedList` holds: an object that is in one list at a time, at most.
///
/// Its links are in it, and lists do not count their references: it must have left its list before it ends, or its end is the
/// kernel's.
@safe
open class LinkedMember {
  // SAFETY (section): addresses of members of the same list, or 0. Only `LinkedList` touches them, under whatever guards the list.
  fileprivate final var nextMember: UInt = 0
  fileprivate final var previousMember: UInt = 0
  fileprivate final var isMember = false

  /// Creates one that is in no list.
  public init() {}

  deinit { precondition(!isMember, "an object that ends in a list") }

  /// Whether it is in a list.
  ///
  /// - Context: as for that list.
  @inline(__always)
  public final var isLinked: Bool { isMember }
}

/// Objects in an order, linked by themselves and without counting: putting one in and taking it out take no memory, and a few
/// instructions each.
///
/// Whoever puts an object in keeps it until it is out again. An empty list is a constant.
///
/// - Context: whatever guards the list guards its members' links, and calls name members of this list only, which is checked where
///   it can be.
@safe
public struct LinkedList<Member: LinkedMember>: ~Copyable {
  // SAFETY (section): both are 0, or addresses of members. A member is an object that is there: its end would have been the kernel's.
  private var firstMember: UInt = 0
  private var lastMember: UInt = 0

  /// Creates an empty list.
  @inline(__always)
  public init() {}

  /// Whether nothing is in it.
  @inline(__always)
  public var isEmpty: Bool { firstMember == 0 }

  @inline(__always)
  private static func address(of member: Member) -> UInt {
    unsafe UInt(bitPattern: Unmanaged.passUnretained(member).toOpaque())
  }

  @inline(__always)
  private static func reference(_ address: UInt) -> Unmanaged<Member> {
    unsafe Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: address).unsafelyUnwrapped)
  }

  @inline(__always)
  private static func use<Result>(_ address: UInt, _ body: (Member) -> Result) -> Result {
    unsafe reference(address)._withUnsafeGuaranteedRef { body($0) }
  }

  // MARK: Changes

  /// Puts `member` behind all others.
  ///
  /// - Precondition: it is in no list.
  @inline(__always)
  public mutating func append(_ member: Member) {
    precondition(!member.isMember, "an object in two lists")
    let address = Self.address(of: member)
    member.isMember = true
    member.previousMember = lastMember
    if lastMember == 0 { firstMember = address } else { Self.use(lastMember) { $0.nextMember = address } }
    lastMember = address
  }

  /// Puts `member` before all others.
  ///
  /// - Precondition: it is in no list.
  @inline(__always)
  public mutating func prepend(_ member: Member) {
    precondition(!member.isMember, "an object in two lists")
    let address = Self.address(of: member)
    member.isMember = true
    member.nextMember = firstMember
    if firstMember == 0 { lastMember = address } else { Self.use(firstMember) { $0.previousMember = address } }
    firstMember = address
  }

  /// Takes `member` out.
  ///
  /// - Precondition: it is in this list.
  @inline(__always)
  public mutating func remove(_ member: Member) {
    precondition(member.isMember, "an object that is in no list")
    let (next, previous) = (member.nextMember, member.previousMember)
    if previous == 0 {
      precondition(firstMember == Self.address(of: member), "an object of another list")
      firstMember = next
    } else {
      Self.use(previous) { $0.nextMember = next }
    }
    if next == 0 {
      precondition(lastMember == Self.address(of: member), "an object of another list")
      lastMember = previous
    } else {
      Self.use(next) { $0.previousMember = previous }
    }
    (member.nextMember, member.previousMember) = (0, 0)
    member.isMember = false
  }

  /// Puts all of `others` behind those that are here.
  @inline(__always)
  public mutating func append(contentsOf others: consuming LinkedList) {
    guard others.firstMember != 0 else { return }
    let (otherFirst, otherLast, last) = (others.firstMember, others.lastMember, lastMember)
    if last == 0 {
      firstMember = otherFirst
    } else {
      Self.use(last) { $0.nextMember = otherFirst }
      Self.use(otherFirst) { $0.previousMember = last }
    }
    lastMember = otherLast
  }

  // MARK: Members

  /// The first, counted for the caller; nil when there is none.
  @inline(__always)
  public var first: Member? { firstMember == 0 ? nil : unsafe Self.reference(firstMember).takeUnretainedValue() }

  /// The one behind `member`, counted for the caller; nil when there is none.
  @inline(__always)
  public func next(after member: Member) -> Member? {
    member.nextMember == 0 ? nil : unsafe Self.reference(member.nextMember).takeUnretainedValue()
  }

  /// Runs `body` with each, in their order, until it says false.
  ///
  /// Nothing is counted: the list is lent meanwhile, so all stay in it.
  @inline(__always)
  public borrowing func forEach(while body: (Member) -> Bool) {
    var address = firstMember
    while address != 0 {
      let isDone = Self.use(address) { member in
        // Read first: the optimizer takes `body` for one that may change it.
        address = member.nextMember
        return !body(member)
      }
      if isDone { return }
    }
  }
}
