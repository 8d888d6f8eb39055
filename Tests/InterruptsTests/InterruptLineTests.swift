import Foundations
import Machine
import Testing

@testable import Interrupts

@Suite("Devices on an interrupt line that are served later", .serialized)
struct InterruptLineTests {
  private final class Device: InterruptHandler {
    let isLater: Bool
    var wants = true
    var count = 0

    init(isLater: Bool) {
      self.isLater = isLater
      super.init()
    }

    override var isServedLater: Bool { isLater }

    override func handle() -> Bool {
      guard wants else { return false }
      count += 1
      return true
    }
  }

  private func line(isLevelTriggered: Bool) -> InterruptLine {
    InterruptLine(
      global: 19, signal: .init(isLevelTriggered: isLevelTriggered, isActiveLow: isLevelTriggered), vector: 0x50,
      processor: 0)
  }

  @Test("A line that lasts is held until all that wait on it have been served")
  func level() throws {
    let line = line(isLevelTriggered: true)
    let (first, second, third) = (Device(isLater: true), Device(isLater: true), Device(isLater: false))
    let numbers = try [first, second, third].map { try #require(try line.add($0)) }
    second.wants = false
    line.handle(0x50)
    #expect(line.isHeld && first.count == 1 && third.count == 1)
    line.finish(numbers[2])
    line.finish(numbers[1])
    #expect(line.isHeld, "neither of them was waited for")
    second.wants = true
    line.handle(0x50)
    line.finish(numbers[0])
    #expect(line.isHeld)
    line.finish(numbers[1])
    #expect(!line.isHeld)
    line.finish(numbers[1])
    #expect(!line.isHeld)
  }

  @Test("A device that goes holds the line no more")
  func removal() throws {
    let line = line(isLevelTriggered: true)
    let (first, second) = (Device(isLater: true), Device(isLater: true))
    let numbers = try [first, second].map { try #require(try line.add($0)) }
    second.wants = false
    line.handle(0x50)
    line.remove(numbers[0])
    #expect(!line.isHeld)
  }

  /// A device whose driver cannot follow, or that says that it is another's.
  private final class Noisy: InterruptHandler {
    var isStorming = false
    var isOwn = true
    var told = 0

    override var isFlooded: Bool { isStorming }
    override func lineWasMasked() { told += 1 }
    override func handle() -> Bool { isOwn }
  }

  @Test("A line is masked when a device floods it, and lives again when that goes or another comes")
  func flood() throws {
    let line = line(isLevelTriggered: true)
    let (noisy, quiet) = (Noisy(), Noisy())
    let number = try #require(try line.add(noisy))
    _ = try line.add(quiet)
    line.handle(0x50)
    #expect(!line.isMaskedByStorm)
    noisy.isStorming = true
    line.handle(0x50)
    #expect(line.isMaskedByStorm && quiet.told == 0, "whose flood it is, is known")
    noisy.isStorming = false
    line.remove(number)
    #expect(!line.isMaskedByStorm)
    quiet.isStorming = true
    line.handle(0x50)
    #expect(line.isMaskedByStorm)
    _ = try line.add(noisy)
    #expect(!line.isMaskedByStorm)
  }

  @Test("Each device on a line whose interrupts are nobody's is told that it was masked")
  func unclaimed() throws {
    let line = line(isLevelTriggered: true)
    let devices = [Noisy(), Noisy()]
    for device in devices {
      device.isOwn = false
      _ = try line.add(device)
    }
    for _ in 1..<StormDetector.period { line.handle(0x50) }
    #expect(!line.isMaskedByStorm && devices[0].told == 0)
    line.handle(0x50)
    #expect(line.isMaskedByStorm && devices.allSatisfy { $0.told == 1 })
  }

  @Test("A line that tells of changes, and one whose devices are served at once, are never held")
  func others() throws {
    let edge = line(isLevelTriggered: false)
    _ = try edge.add(Device(isLater: true))
    edge.handle(0x50)
    #expect(!edge.isHeld)
    let level = line(isLevelTriggered: true)
    _ = try level.add(Device(isLater: false))
    level.handle(0x50)
    #expect(!level.isHeld)
  }

  // MARK: Shared edges

  /// A device that pulls its line until each of its causes has been served.
  private final class EdgeDevice: InterruptHandler {
    var causes: Int
    var asked = 0
    var whenServed: (() -> Void)?

    init(_ causes: Int) {
      self.causes = causes
      super.init()
    }

    override var canShareEdges: Bool { true }

    override func handle() -> Bool {
      asked += 1
      guard causes > 0 else { return false }
      causes -= 1
      whenServed?()
      return true
    }
  }

  @Test("Devices that share an edge are asked until none has a cause, also one that comes while another is served")
  func sharedEdges() throws {
    let line = line(isLevelTriggered: false)
    let (first, second) = (EdgeDevice(1), EdgeDevice(3))
    for device in [first, second] { _ = try #require(try line.add(device)) }
    // The first has a new cause just as the second is served: the line never went down, and never rises.
    second.whenServed = { [unowned second] in
      if second.causes == 0 { first.causes += 1 }
    }
    line.handle(0x50)
    #expect(first.causes == 0 && second.causes == 0)
    #expect(first.asked == 5 && second.asked == 5)
  }

  @Test("A device that always wants something is asked for a bounded time")
  func endlessEdge() throws {
    let line = line(isLevelTriggered: false)
    let endless = EdgeDevice(.max)
    for device in [endless, EdgeDevice(0)] { _ = try #require(try line.add(device)) }
    line.handle(0x50)
    #expect(endless.asked == InterruptLine.passLimit)
  }

  @Test("An edge is shared by those only that may be asked again, and a device alone is asked once")
  func edgeRefused() throws {
    func add(_ handler: InterruptHandler, to line: InterruptLine) throws(Errno) { _ = try line.add(handler) }
    let exclusive = line(isLevelTriggered: false)
    let device = Device(isLater: false)
    try add(device, to: exclusive)
    #expect(throws: Errno.EBUSY) { try add(EdgeDevice(0), to: exclusive) }
    exclusive.handle(0x50)
    #expect(device.count == 1)
    let shared = line(isLevelTriggered: false)
    try add(EdgeDevice(0), to: shared)
    #expect(throws: Errno.EBUSY) { try add(Device(isLater: false), to: shared) }
    try add(EdgeDevice(0), to: shared)
  }
}
