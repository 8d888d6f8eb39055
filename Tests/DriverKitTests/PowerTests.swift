import Foundations
import Machine
import TestSupport
import Testing

@testable import DriverKit

/// Notes what is done, and refuses where it is told to.
private final class NotingSteps: SuspendSteps {
  var notes: [String] = []
  var refusals: [String: Errno] = [:]
  /// After which step something happens that forbids to go on.
  var wakesAfter: String?
  private var isPending = false

  private func note(_ step: String) throws(Errno) {
    if let refusal = refusals[step] { throw refusal }
    notes.append(step)
    if wakesAfter == step { isPending = true }
  }

  override func freezePrograms() throws(Errno) { try note("freeze") }
  override func thawPrograms() { notes.append("thaw") }
  override func suspendDevices() throws(Errno) { try note("suspend") }
  override func resumeDevices() { notes.append("resume") }
  override func stopClocks() { notes.append("stop") }
  override func startClocks() { notes.append("start") }
  override func waitForWake() { notes.append("wait") }

  override var isWakePending: Bool {
    if wakesAfter == "nothing" { return true }
    return isPending
  }
}

@Suite("Suspending the machine")
struct SuspendTests {
  @Test("Each step is taken, and taken back the other way round")
  func wholeWay() throws {
    let steps = NotingSteps()
    try SuspendSequence.run(steps)
    #expect(steps.notes == ["freeze", "suspend", "stop", "wait", "start", "resume", "thaw"])
  }

  @Test("Programs that do not stop, and a device that refuses, leave all as it was and say why")
  func refusals() {
    let steps = NotingSteps()
    steps.refusals = ["freeze": .EBUSY]
    #expect(throws: Errno.EBUSY) { try SuspendSequence.run(steps) }
    #expect(steps.notes == [])
    steps.refusals = ["suspend": .EIO]
    #expect(throws: Errno.EIO) { try SuspendSequence.run(steps) }
    #expect(steps.notes == ["freeze", "thaw"])
  }

  @Test("What happens meanwhile ends it where it is")
  func events() {
    for (moment, expected) in [
      ("nothing", []), ("freeze", ["freeze", "thaw"]), ("suspend", ["freeze", "suspend", "resume", "thaw"]),
    ] {
      let steps = NotingSteps()
      steps.wakesAfter = moment
      #expect(throws: Errno.EBUSY) { try SuspendSequence.run(steps) }
      #expect(steps.notes == expected)
    }
  }
}

@Suite("The order of changes of power")
struct PowerOrderTests {
  private func order(_ parents: [Int]) throws -> [Int] {
    var array = GrowableArray<Int>()
    for parent in parents { try array.append(parent) }
    let order = try PowerOrder.childrenFirst(array)
    return (0..<order.count).map { order[$0] }
  }

  @Test("Children come before their parents, and otherwise the last before the first")
  func order() throws {
    #expect(try order([]) == [])
    #expect(try order([-1, -1, -1]) == [2, 1, 0])
    #expect(try order([-1, 0, 1, -1, 3]) == [2, 4, 1, 3, 0])
    // A parent that came after its child, as after a rescan.
    #expect(try order([1, -1]) == [0, 1])
  }

  @Test("Random trees keep that rule, and nothing is missing")
  func randomTrees() throws {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<100 {
      let count = Int.random(in: 1...40, using: &generator)
      let parents = (0..<count).map { $0 == 0 ? -1 : Int.random(in: -1..<$0, using: &generator) }
      let order = try order(parents)
      #expect(order.sorted() == Array(0..<count))
      for (child, parent) in parents.enumerated() where parent >= 0 {
        let (first, second) = (order.firstIndex(of: child), order.firstIndex(of: parent))
        #expect(try #require(first) < #require(second))
      }
    }
  }

  @Test("Parents that make no sense end in no loop")
  func cycles() throws {
    #expect(try order([1, 0]).sorted() == [0, 1])
    #expect(try order([0, 77, -5]).sorted() == [0, 1, 2])
  }

  @Test("One that refuses has those before it resumed, the last first")
  func rollBack() throws {
    var order = GrowableArray<Int>()
    for number in [4, 2, 7, 1] { try order.append(number) }
    var notes: [String] = []
    #expect(throws: Errno.ENODEV) {
      try PowerOrder.suspend(
        order,
        { (number: Int) throws(Errno) in
          if number == 7 { throw .ENODEV }
          notes.append("-\(number)")
        }, resume: { notes.append("+\($0)") })
    }
    #expect(notes == ["-4", "-2", "+2", "+4"])
    notes = []
    PowerOrder.resume(order, first: 99) { notes.append("+\($0)") }
    #expect(notes == ["+1", "+7", "+2", "+4"])
  }
}

@Suite("What wakes the machine")
struct WakeTests {
  @Test("A count that is known closes the gate; one that is not opens it")
  func gate() {
    var gate = WakeGate()
    #expect(!gate.isPassed(now: 5))
    var isClosed = gate.close(at: 5, now: 5)
    #expect(isClosed && !gate.isPassed(now: 5) && gate.isPassed(now: 6))
    isClosed = gate.close(at: 4, now: 6)
    #expect(!isClosed && !gate.isPassed(now: 7))
    isClosed = gate.close(at: 7, now: 7)
    #expect(isClosed)
    gate.open()
    #expect(!gate.isPassed(now: 8))
  }

  @Test("Who waits is woken by the first event beyond what was known, also one that came before")
  func waiting() {
    let known = WakeEvents.count
    WakeEvents.note()
    WakeEvents.wait(beyond: known)
    #expect(WakeEvents.count > known)
    #expect(!WakeEvents.expectNoMore(than: known))
    #expect(!WakeEvents.isPending)
  }

  @Test("An interrupt of a device that rests is told once, and stays for when it can be served")
  func restingInterrupts() {
    let signals = DriverSignals()
    var seen: UInt64 = 0
    signals.raise(3)
    var hasCome = signals.waitForOther(than: &seen)
    #expect(hasCome)
    signals.raise(3)
    signals.poke()
    hasCome = signals.waitForOther(than: &seen)
    #expect(!hasCome)
    signals.raise(4)
    hasCome = signals.waitForOther(than: &seen)
    #expect(hasCome)
    #expect(signals.takeInterrupt() == 3)
    #expect(signals.takeInterrupt() == 4)
    #expect(signals.takeInterrupt() == nil)
  }

  @Test("A device wakes the machine when it can and may")
  func switches() {
    let device = DeviceNode("clock", .platform, .platform("clock"))
    #expect(!device.canWake && !device.wakes)
    device.mayWake = true
    #expect(!device.wakes)
    device.noteWakes()
    #expect(device.wakes)
    device.mayWake = false
    // A driver that starts again does not undo what a program wants.
    device.noteWakes()
    #expect(device.canWake && !device.wakes)
  }
}
