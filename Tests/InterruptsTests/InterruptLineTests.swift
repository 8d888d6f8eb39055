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
