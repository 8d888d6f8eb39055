import Foundations
import LinuxABI
import Machine
import Testing

@testable import DeviceFiles
@testable import DriverKit
@testable import Input

@Suite("Input devices of drivers", .serialized)
struct InputPublicationTests {
  /// Counts what comes and goes under one name.
  private final class Counter: InputHandler {
    final class Handle: InputHandle {
      let counter: Counter
      init(_ device: InputDevice, _ counter: Counter) {
        self.counter = counter
        super.init(device)
      }
      override func disconnect() { counter.left += 1 }
    }
    let key: String
    var (came, left) = (0, 0)
    init(_ key: String) {
      self.key = key
      super.init()
    }
    override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
      guard device.name.bytes.isEqual(to: key) else { return nil }
      came += 1
      return Handle(device, self)
    }
  }

  private func withCounter(_ name: String, _ body: (Counter) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      let counter = Counter(name)
      try InputDevices.add(counter)
      defer { InputDevices.remove(counter) }
      try body(counter)
    }
  }

  private func make(_ name: Message, product: UInt16 = 1, _ type: EventType = .EV_KEY) throws(Errno) -> InputDevice {
    var description = InputDescription(
      name: name, identity: InputIdentity(bus: InputBus.BUS_VIRTUAL, product: product))
    description.capabilities.insert(type, 30)
    return try InputDevice(description)
  }

  @Test("A driver that is replaced leaves its input device to the next, and nothing comes or goes")
  func restart() throws {
    try withCounter("Publication 1") { counter in
      let context = makeContext()
      let first = try InputPublication.publish(through: context) { () throws(Errno) in try make("Publication 1") }
      #expect((first.parent as? DeviceInputParent)?.device === context.device)
      #expect(counter.came == 1)
      for _ in 0..<3 {
        context.resources.keepPublications()
        let next = try InputPublication.publish(through: context) { () throws(Errno) in try make("Publication 1") }
        #expect(next === first)
        context.resources.withdrawInherited()
      }
      #expect(counter.came == 1 && counter.left == 0)
      context.resources.withdrawPublications()
      #expect(counter.came == 1 && counter.left == 1 && first.parent == nil)
    }
  }

  @Test("One that is not like that of the driver before takes its place")
  func another() throws {
    try withCounter("Publication 2") { counter in
      let context = makeContext()
      let first = try InputPublication.publish(through: context) { () throws(Errno) in try make("Publication 2") }
      for (product, type) in [(UInt16(2), EventType.EV_KEY), (2, .EV_MSC)] {
        context.resources.keepPublications()
        let next = try InputPublication.publish(through: context) { () throws(Errno) in
          try make("Publication 2", product: product, type)
        }
        #expect(next !== first)
        context.resources.withdrawInherited()
      }
      #expect(counter.came == 3 && counter.left == 2)
      context.resources.withdrawPublications()
      #expect(counter.left == 3)
    }
  }

  @Test("One that cannot be made is not on record")
  func failure() throws {
    try withCounter("Publication 3") { counter in
      let context = makeContext()
      #expect(throws: Errno.ENOMEM) {
        _ = try InputPublication.publish(through: context) { () throws(Errno) in throw .ENOMEM }
      }
      // Registered before by somebody else: it is nobody's to keep.
      let taken = try make("Publication 3")
      try InputDevices.register(taken)
      #expect(throws: Errno.EBUSY) { _ = try InputPublication.publish(through: context) { () throws(Errno) in taken } }
      InputDevices.unregister(taken)
      context.resources.keepPublications()
      let new = try InputPublication.publish(through: context) { () throws(Errno) in try make("Publication 3") }
      #expect(new !== taken && counter.came == 2)
      context.resources.withdrawPublications()
      context.resources.withdrawInherited()
      #expect(counter.left == 2)
    }
  }
}
