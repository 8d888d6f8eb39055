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
}
