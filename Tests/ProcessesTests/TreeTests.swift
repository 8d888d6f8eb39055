import Foundations
import LinuxABI
import Machine
import Testing

import class Foundation.Thread

@testable import Processes

@Suite("Parents and children")
struct TreeTests {
  @Test("a child that ends is a zombie until its parent has asked, and its number is free only then")
  func zombies() throws {
    let family = try Family()
    let child = try family.fork(family.first)
    #expect(family.tree.parent(of: child) == 1)
    #expect(try family.wait(family.first) == nil)
    child.ownUsage.userNanoseconds = 7
    #expect(family.tree.end(child, ExitStatus(code: 300)) == false)
    #expect(child.life == .zombie)
    #expect(family.tree.process(child.number) === child)
    let kept = try #require(try family.wait(family.first, .any, [.WEXITED, .WNOWAIT]))
    #expect(kept.kind == .exited && kept.detail == 44 && kept.status == 44 << 8 && kept.number == child.number)
    let report = try #require(try family.wait(family.first))
    #expect(report == kept)
    #expect(child.life == .dead && family.tree.process(child.number) == nil)
    #expect(family.first.childrenUsage.userNanoseconds == 7)
    #expect(family.first.told.map(\.0) == [.SIGCHLD])
    #expect(throws: Errno.ECHILD) { try family.wait(family.first) }
  }

  @Test("a signal that ends a process is told as such, with and without an image")
  func signals() throws {
    let family = try Family()
    for isDumped in [false, true] {
      let child = try family.fork(family.first)
      family.tree.end(child, ExitStatus(signal: .SIGSEGV, isDumped: isDumped))
      let report = try #require(try family.wait(family.first))
      #expect(report.kind == (isDumped ? .dumped : .killed))
      #expect(report.status == (isDumped ? 139 : 11) && report.detail == 11 && report.user == 1_000)
    }
  }

  @Test("children are asked for by number, by group, by kind; oldest first")
  func selection() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    let (first, second) = (try family.fork(parent), try family.fork(parent))
    let clone = try family.fork(parent, exitSignal: .SIGUSR1)
    let silent = try family.fork(parent, exitSignal: nil)
    try family.tree.setGroup(of: second.number, to: 0, by: parent)
    for child in [silent, clone, second, first] { family.tree.end(child, ExitStatus(code: 0)) }
    #expect(parent.told.map(\.0) == [.SIGUSR1, .SIGCHLD, .SIGCHLD])
    #expect(throws: Errno.ECHILD) { try family.wait(parent, .process(clone.number)) }
    #expect(throws: Errno.ECHILD) { try family.wait(parent, .process(99)) }
    #expect(try family.wait(parent, .group(second.number))?.number == second.number)
    #expect(try family.wait(parent)?.number == first.number)
    #expect(throws: Errno.ECHILD) { try family.wait(parent) }
    #expect(try family.wait(parent, .any, [.WEXITED, .__WCLONE])?.number == clone.number)
    #expect(try family.wait(parent, .any, [.WEXITED, .__WALL])?.number == silent.number)
  }

  @Test("a child that is asked for itself is not another that has got its number")
  func identity() throws {
    let family = try Family(limit: 310)
    let parent = try family.fork(family.first)
    while try family.fork(parent).number < 308 {}
    let child = try family.fork(parent)
    #expect(throws: Errno.ECHILD) { try family.wait(family.first, .node(child)) }
    #expect(try family.wait(parent, .node(child)) == nil)
    family.tree.end(child, ExitStatus(code: 4))
    #expect(try family.wait(parent, .node(child), [.WEXITED, .WNOWAIT])?.detail == 4)
    #expect(try family.wait(parent, .node(child))?.number == 309)
    let other = try family.fork(parent)
    #expect(other.number == child.number)
    family.tree.end(other, ExitStatus(code: 5))
    #expect(throws: Errno.ECHILD) { try family.wait(parent, .node(child)) }
    #expect(try family.wait(parent, .process(309))?.detail == 5)
  }

  @Test("a parent that ignores its children forgets them when they end")
  func ignoring() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    parent.policy = ChildPolicy(forgets: true, isTold: false)
    let child = try family.fork(parent)
    let clone = try family.fork(parent, exitSignal: .SIGUSR1)
    #expect(family.tree.end(child, ExitStatus(code: 0)))
    #expect(child.life == .dead && parent.told.isEmpty)
    #expect(family.tree.end(clone, ExitStatus(code: 0)) == false)
    #expect(parent.told.map(\.0) == [.SIGUSR1])
    parent.policy = ChildPolicy(forgets: true, isTold: true)
    #expect(family.tree.end(try family.fork(parent), ExitStatus(code: 0)))
    #expect(parent.told.map(\.0) == [.SIGUSR1, .SIGCHLD])
  }

  @Test("whoever takes an orphan over is told of it by SIGCHLD, whatever signal its first parent had chosen")
  func signalsOfOrphans() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    let child = try family.fork(parent, exitSignal: .SIGHUP)
    let silent = try family.fork(parent, exitSignal: nil)
    family.tree.end(parent, ExitStatus(code: 0))
    family.tree.end(child, ExitStatus(code: 0))
    family.tree.end(silent, ExitStatus(code: 0))
    #expect(family.first.told.map(\.0) == [.SIGCHLD, .SIGCHLD, .SIGCHLD])
  }

  @Test("a child that has another program is an ordinary one")
  func signalsOfPrograms() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    let child = try family.fork(parent, exitSignal: .SIGUSR1)
    family.tree.noteExecution(of: child)
    family.tree.end(child, ExitStatus(code: 0))
    #expect(parent.told.map(\.0) == [.SIGCHLD])
  }

  @Test("orphans go to the nearest subreaper, else to the first process, which hears of those that have ended")
  func orphans() throws {
    let family = try Family()
    let reaper = try family.fork(family.first)
    let middle = try family.fork(reaper)
    let parent = try family.fork(middle)
    let (zombie, alive) = (try family.fork(parent), try family.fork(parent))
    family.tree.end(zombie, ExitStatus(code: 3))
    family.tree.setSubreaper(reaper, true)
    family.tree.end(parent, ExitStatus(code: 0))
    #expect(zombie.parent === reaper && alive.parent === reaper && alive.parentEnds == 1)
    #expect(reaper.told.map(\.1.number) == [zombie.number])
    family.tree.end(reaper, ExitStatus(code: 0))
    #expect(alive.parent === family.first && middle.parent === family.first)
    #expect(Set(family.first.told.map(\.1.number)) == [zombie.number, reaper.number])
  }

  @Test("a brother by CLONE_PARENT is his parent's parent's child")
  func brothers() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    let brother = try family.fork(parent, sharesParent: true)
    #expect(brother.parent === family.first)
    #expect(throws: Errno.ECHILD) { try family.wait(parent) }
  }

  @Test("who has ended has no more children")
  func noChildrenOfTheDead() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    family.tree.end(parent, ExitStatus(code: 0))
    #expect(throws: Errno.EAGAIN) { try family.fork(parent) }
    #expect(family.tree.count == 2)
  }

  @Test("stops and continuations are told once each, and the last counts")
  func stops() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    let child = try family.fork(parent)
    family.tree.note(.stopped(.SIGTSTP), of: child)
    #expect(child.isStopped)
    #expect(try family.wait(parent) == nil)
    let report = try #require(try family.wait(parent, .any, [.WSTOPPED]))
    #expect(report.status == 0x147f && report.kind == .stopped && report.detail == 20)
    #expect(try family.wait(parent, .any, [.WSTOPPED]) == nil)
    family.tree.note(.continued, of: child)
    #expect(!child.isStopped)
    #expect(try family.wait(parent, .any, [.WSTOPPED]) == nil)
    #expect(try family.wait(parent, .any, [.WCONTINUED])?.status == 0xffff)
    parent.ignoresStops = true
    family.tree.note(.stopped(.SIGSTOP), of: child)
    #expect(parent.told.map(\.1.kind) == [.stopped, .continued])
  }

  @Test("numbers are given in turn, not again while in use, and run out")
  func numbers() throws {
    let family = try Family(limit: 400)
    var children: [TestProcess] = []
    for expected in 2..<400 {
      let child = try family.fork(family.first)
      #expect(child.number == Int32(expected))
      children.append(child)
    }
    #expect(throws: Errno.EAGAIN) { try family.fork(family.first) }
    for number in [5, 350] as [Int32] {
      family.tree.end(try #require(family.tree.process(number)), ExitStatus(code: 0))
      _ = try family.wait(family.first)
    }
    // After the first turn the lowest numbers are not given out any more.
    #expect(try family.fork(family.first).number == 350)
    #expect(throws: Errno.EAGAIN) { try family.fork(family.first) }
  }

  @Test("waiting is woken by an end")
  func waiting() throws {
    let family = try Family()
    let parent = try family.fork(family.first)
    let child = try family.fork(parent)
    let box = Unchecked((family.tree, child))
    // A thread of its own: the tests' threads may be few, and this one waits.
    Thread.detachNewThread {
      HostThread.yield()
      box.value.0.end(box.value.1, ExitStatus(code: 9))
    }
    #expect(try family.tree.wait(for: parent, WaitRequest(.any, [.WEXITED]))?.detail == 9)
  }
}

/// What only the tree's lock keeps apart.
final class Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
