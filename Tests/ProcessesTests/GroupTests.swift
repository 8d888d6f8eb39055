import Foundations
import LinuxABI
import TestSupport
import Testing

@testable import Processes

@Suite("Groups and sessions")
struct GroupTests {
  @Test("a child is in its parent's group; setpgid makes groups and moves between them")
  func groups() throws {
    let family = try Family()
    let shell = try family.fork(family.first)
    #expect(try family.tree.group(of: 0, by: shell) == 0)
    #expect(try family.tree.makeSession(for: shell) == shell.number)
    let (left, right) = (try family.fork(shell), try family.fork(shell))
    #expect(try family.tree.group(of: left.number, by: family.first) == shell.number)
    try family.tree.setGroup(of: left.number, to: left.number, by: shell)
    try family.tree.setGroup(of: right.number, to: left.number, by: shell)
    #expect(try family.tree.group(of: right.number, by: shell) == left.number)
    var members: [Int32] = []
    family.tree.forEachMember(ofGroup: left.number) { members.append($0.identifier.number) }
    #expect(members.sorted() == [left.number, right.number])
    // The group outlives the one whose number it has, and keeps the number.
    family.tree.end(left, ExitStatus(code: 0))
    _ = try family.wait(shell)
    #expect(family.tree.process(left.number) == nil)
    #expect(try family.tree.group(of: 0, by: right) == left.number)
    try family.tree.setGroup(of: 0, to: 0, by: right)
    #expect(family.tree.forEachMember(ofGroup: left.number) { _ in } == false)
  }

  @Test("setpgid refuses what POSIX says it refuses")
  func refusals() throws {
    let family = try Family()
    let shell = try family.fork(family.first)
    _ = try family.tree.makeSession(for: shell)
    let child = try family.fork(shell)
    let stranger = try family.fork(family.first)
    let tree = family.tree
    #expect(throws: Errno.EINVAL) { try tree.setGroup(of: 0, to: -1, by: child) }
    #expect(throws: Errno.EINVAL) { try tree.setGroup(of: -1, to: 0, by: child) }
    #expect(throws: Errno.ESRCH) { try tree.setGroup(of: stranger.number, to: 0, by: shell) }
    #expect(throws: Errno.ESRCH) { try tree.setGroup(of: 99, to: 0, by: shell) }
    #expect(throws: Errno.EPERM) { try tree.setGroup(of: 0, to: 0, by: shell) }
    #expect(throws: Errno.EPERM) { try tree.setGroup(of: 0, to: 98, by: child) }
    tree.noteExecution(of: child)
    #expect(throws: Errno.EACCES) { try tree.setGroup(of: child.number, to: 0, by: shell) }
    try tree.setGroup(of: 0, to: 0, by: child)
    #expect(throws: Errno.EPERM) { try tree.setGroup(of: 0, to: child.number, by: stranger) }
    let leader = try family.fork(shell)
    _ = try tree.makeSession(for: leader)
    #expect(throws: Errno.EPERM) { try tree.setGroup(of: leader.number, to: 0, by: shell) }
  }

  @Test("a session is made by one that leads no group, and is left by its children only for their own")
  func sessions() throws {
    let family = try Family()
    let shell = try family.fork(family.first)
    #expect(try family.tree.session(of: 0, by: shell) == 0)
    _ = try family.tree.makeSession(for: shell)
    #expect(throws: Errno.EPERM) { try family.tree.makeSession(for: shell) }
    #expect(throws: Errno.ESRCH) { try family.tree.session(of: 77, by: shell) }
    let child = try family.fork(shell)
    #expect(try family.tree.session(of: child.number, by: family.first) == shell.number)
    #expect(try family.tree.makeSession(for: child) == child.number)
    let leader = try family.fork(shell)
    try family.tree.setGroup(of: 0, to: 0, by: leader)
    #expect(throws: Errno.EPERM) { try family.tree.makeSession(for: leader) }
  }

  @Test("a stopped job whose shell ends is hung up and goes on")
  func orphanedByParent() throws {
    let family = try Family()
    let shell = try family.fork(family.first)
    _ = try family.tree.makeSession(for: shell)
    let (running, stopped) = (try family.fork(shell), try family.fork(shell))
    try family.tree.setGroup(of: running.number, to: 0, by: shell)
    try family.tree.setGroup(of: stopped.number, to: 0, by: shell)
    family.tree.note(.stopped(.SIGTSTP), of: stopped)
    #expect(!family.tree.isInOrphanedGroup(stopped))
    family.tree.end(shell, ExitStatus(code: 0))
    #expect(stopped.received == [.SIGHUP, .SIGCONT] && running.received.isEmpty)
    #expect(family.tree.isInOrphanedGroup(stopped))
  }

  @Test("a stopped job is hung up when its last member with a living parent ends")
  func orphanedByMember() throws {
    let family = try Family()
    let shell = try family.fork(family.first)
    _ = try family.tree.makeSession(for: shell)
    let member = try family.fork(shell)
    try family.tree.setGroup(of: member.number, to: 0, by: shell)
    let inner = try family.fork(member)
    family.tree.note(.stopped(.SIGTSTP), of: inner)
    family.tree.end(member, ExitStatus(code: 0))
    #expect(inner.received == [.SIGHUP, .SIGCONT])
  }

  @Test("any sequence of calls keeps the tree sound and leaves nothing behind", arguments: 0..<20 as Range<UInt64>)
  func sequences(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let family = try Family(limit: 350)
    var alive: [TestProcess] = [family.first]
    for step in 0..<3_000 {
      let actor = alive[Int(random.next() % UInt64(alive.count))]
      let other = Int32(random.next() % 60)
      switch random.next() % 12 {
      case 0...4:
        if alive.count < 40, let child = try? family.fork(actor, sharesParent: random.next() % 8 == 0) {
          alive.append(child)
        }
      case 5, 6:
        guard actor !== family.first else { break }
        family.tree.end(actor, ExitStatus(code: other))
        alive.removeAll { $0 === actor }
      case 7: _ = try? family.wait(actor, .any, [.WEXITED, .WSTOPPED])
      case 8: try? family.tree.setGroup(of: other % 2 == 0 ? 0 : other, to: other % 3 == 0 ? 0 : other, by: actor)
      case 9: _ = try? family.tree.makeSession(for: actor)
      case 10: family.tree.note(other % 2 == 0 ? .continued : .stopped(.SIGSTOP), of: actor)
      default: actor.policy.forgets = other % 4 == 0
      }
      if step % 50 == 0 { checkSoundness(family, alive) }
    }
    family.first.policy.forgets = true
    while let last = alive.popLast(), last !== family.first { family.tree.end(last, ExitStatus(code: 0)) }
    while case .some(.some) = try? family.wait(family.first) {}
    #expect(family.tree.count == 1)
    #expect(family.objects.value == 0)
  }

  private func checkSoundness(_ family: Family, _ alive: [TestProcess]) {
    var count = 0
    var toVisit: [ProcessNode] = [family.first]
    while let process = toVisit.popLast() {
      count += 1
      #expect(family.tree.process(process.identifier.number) === process)
      #expect(process.group != nil && process.life != .dead)
      var previous: ProcessNode?
      var child = process.firstChild
      while let next = child {
        #expect(next.parent === process && next.previousSibling === previous)
        toVisit.append(next)
        (previous, child) = (next, next.nextSibling)
      }
      #expect(process.lastChild === previous)
      if process.life == .zombie { #expect(process.firstChild == nil) }
    }
    #expect(count == family.tree.count)
    for process in alive {
      var members = 0
      process.group?.forEach { _ in members += 1 }
      #expect(members == process.group?.count)
      if let session = process.session, session.identifier.number != 0 {
        #expect(session.identifier.session === session)
      }
    }
  }
}
