/// Processes that form a job. Source: POSIX.1-2017 XBD 3.296.
///
/// Everything that can change is guarded by the tree's lock.
public final class ProcessGroup {
  /// Its number: that of the process that it was made for; 0 for the first.
  public let identifier: ProcessIdentifier
  /// The session that it belongs to.
  public let session: Session
  private(set) var first: ProcessNode?
  /// How many members it has.
  private(set) var count = 0

  init(_ identifier: ProcessIdentifier, in session: Session) {
    (self.identifier, self.session) = (identifier, session)
  }

  func add(_ member: ProcessNode) {
    member.group = self
    (member.nextMember, member.previousMember) = (first, nil)
    first?.previousMember = member
    first = member
    count += 1
  }

  func remove(_ member: ProcessNode) {
    if let previous = member.previousMember {
      previous.nextMember = member.nextMember
    } else {
      first = member.nextMember
    }
    member.nextMember?.previousMember = member.previousMember
    (member.nextMember, member.previousMember, member.group) = (nil, nil, nil)
    count -= 1
  }

  /// Calls `body` with each member.
  func forEach(_ body: (ProcessNode) -> Void) {
    var next = first
    while let member = next {
      next = member.nextMember
      body(member)
    }
  }

  /// Whether nobody outside it cares for it: no member, but `ignored`, has a parent in another group of the session.
  ///
  /// The first process cares for nobody. Source: POSIX.1-2017 XBD 3.264; Linux kernel/exit.c.
  func isOrphaned(ignoring ignored: ProcessNode? = nil) -> Bool {
    var isOrphaned = true
    forEach { member in
      guard member !== ignored, member.life == .alive, let parent = member.parent, parent.identifier.number != 1,
        let parentGroup = parent.group, parentGroup !== self, parentGroup.session === session
      else { return }
      isOrphaned = false
    }
    return isOrphaned
  }

  /// Whether a member is stopped.
  var hasStoppedMember: Bool {
    var isFound = false
    forEach { isFound = isFound || $0.isStopped && $0.life == .alive }
    return isFound
  }
}

/// Groups that share a terminal. Source: POSIX.1-2017 XBD 3.343.
public final class Session {
  /// Its number: that of the process that made it; 0 for the first.
  public let identifier: ProcessIdentifier
  /// The process that made it, while it lives.
  public internal(set) var leader: ProcessNode?
  /// How many groups it has.
  var groupCount = 0

  init(_ identifier: ProcessIdentifier) { self.identifier = identifier }
}
