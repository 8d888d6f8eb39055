import Foundations
import Machine
import Testing

@testable import DriverKit

/// What a driver that fails in `start` had by then, each kind of it: its successor, or whoever else, can have it again.
@Suite("What a driver has that does not come up", .serialized)
struct AbandonmentTests {
  /// Keeps what a stack that was abandoned would: nothing of it is ever dropped, unless a test says so.
  private final class Lost {
    final class Ports {
      let space: PortSpace
      init(_ space: consuming PortSpace) { self.space = space }
    }
    var ports: [Ports] = []
  }

  private static let base: UInt16 = 0x2f00

  private func canClaim(_ base: UInt16 = base, count: Int = 8) -> Bool {
    let space = PortSpace.claim(base: base, count: count)
    return space != nil
  }

  @Test("Ports: its successors claim them again, and at the end anybody")
  func ports() {
    let (stepped, lost) = (SteppedHost(), Lost())
    var refusals = 0
    stepped.script.onStart = { context throws(Errno) in
      do throws(Errno) { lost.ports.append(.init(try context.claimPorts(Self.base, count: 8))) } catch {
        refusals += 1
      }
      throw .EIO
    }
    stepped.host.start()
    #expect(stepped.device.state == .failed && stepped.script.startCount == RestartPolicy.limit + 1)
    #expect(refusals == 0 && lost.ports.count == stepped.script.startCount)
    #expect(canClaim())
  }

  @Test("Ports that were lost and turn up again are not taken from whoever has them by then")
  func latePorts() throws {
    let (stepped, lost) = (SteppedHost(), Lost())
    stepped.script.onStart = { context throws(Errno) in
      lost.ports.append(.init(try context.claimPorts(Self.base, count: 8)))
      if lost.ports.count == 1 { throw .EIO }
    }
    stepped.host.start()
    #expect(stepped.device.state == .running && lost.ports.count == 2)
    lost.ports.remove(at: 0)
    #expect(!canClaim(), "the second driver has them")
    _ = try stepped.order(.remove(isGone: false))
    #expect(canClaim())
  }

  @Test("Ports that a driver gives back itself and takes again are its own until it ends")
  func repeatedPorts() throws {
    let stepped = SteppedHost()
    stepped.script.onStart = { context throws(Errno) in
      for _ in 0..<100 { _ = try context.claimPorts(Self.base, count: 8) }
    }
    stepped.host.start()
    #expect(stepped.device.state == .running && canClaim())
  }

  @Test("Ports are refused while somebody has one of them, and where nobody may have them")
  func refusals() throws {
    guard let space = PortSpace.claim(base: Self.base, count: 8) else {
      Issue.record("not claimed")
      return
    }
    let claim = space.claim
    #expect(claim.isHeld && !canClaim(Self.base + 7, count: 1) && !canClaim(Self.base - 1, count: 2))
    #expect(canClaim(Self.base + 8) && !canClaim(0xffff, count: 2) && !canClaim(Self.base, count: 0))
    #expect(!canClaim(0x20, count: 2) && !canClaim(0xcf8, count: 8) && !canClaim(0, count: .max))
    claim.release()
    #expect(!claim.isHeld && canClaim())
    claim.release()
  }

  @Test("Ports and memory that cannot be put on record are given back")
  func shortage() {
    SimulatedMemory.exclusive {
      defer { AllocationFaults.fail(after: nil) }
      let context = SteppedHost().host.context
      for count in 0..<8 {
        AllocationFaults.fail(after: count)
        let isClaimed = (try? context.claimPorts(Self.base, count: 8)) != nil
        AllocationFaults.fail(after: nil)
        #expect(canClaim(), "the space was dropped")
        if isClaimed { break }
      }
      let memory = Memory()
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) { _ = try context.own { () throws(Errno) in memory } }
      #expect(memory.releaseCount == 1)
    }
  }

  private final class Memory: DeviceMemory {
    var releaseCount = 0
    override func release() { releaseCount += 1 }
  }

  @Test("Memory that the device reaches is released once, and not before the device is reset")
  func memory() {
    let stepped = SteppedHost()
    var made: [Memory] = []
    var wasEarly = false
    stepped.script.onStart = { context throws(Errno) in
      made.append(try context.own { () throws(Errno) in Memory() })
      throw .EIO
    }
    stepped.script.onReset = { _ in if made.last?.releaseCount != 0 { wasEarly = true } }
    stepped.host.start()
    #expect(made.count == RestartPolicy.limit + 1 && made.allSatisfy { $0.releaseCount == 1 } && !wasEarly)
  }

  @Test("A timer, also one that is set while the driver is reset, is none of its successor's")
  func timers() {
    let stepped = SteppedHost()
    var isFirst = true
    stepped.script.onStart = { context throws(Errno) in
      guard isFirst else { return }
      isFirst = false
      context.arm(after: 0)
      throw .EIO
    }
    stepped.script.onReset = { $0.arm(after: 0) }
    stepped.host.start()
    #expect(stepped.device.state == .running && !stepped.host.signals.takeTimer())
  }

  @Test("Interrupts that had come are forgotten")
  func interrupts() {
    let stepped = SteppedHost()
    var count = 0
    stepped.script.onStart = { context throws(Errno) in
      count += 1
      guard count == 1 else { return }
      context.signals.raise(3)
      throw .EIO
    }
    stepped.host.start()
    #expect(stepped.device.state == .running && stepped.host.signals.takeInterrupt() == nil)
  }

  private final class Published: Publication {
    var isOut = false
    override func withdraw() { isOut = true }
  }

  @Test("What it published is withdrawn when a successor does not go on with it, or there is none")
  func publications() throws {
    let stepped = SteppedHost()
    var published: [Published] = []
    var fails = 3
    stepped.script.onStart = { context throws(Errno) in
      let made = Published()
      _ = try context.publish { () throws(Errno) in made }
      published.append(made)
      fails -= 1
      if fails >= 0 { throw .EIO }
    }
    stepped.host.start()
    #expect(stepped.device.state == .running && published.map(\.isOut) == [true, true, true, false])
    fails = 100
    stepped.script.onServe = { _, _ throws(Errno) in throw .EIO }
    _ = try stepped.serve()
    #expect(stepped.device.state == .failed && published.allSatisfy(\.isOut))
  }
}
