import Foundations
import Interrupts
import Machine
import PCI
import Synchronization
import Time

/// Interrupts that real devices send as messages.
///
/// QEMU's `edu` interrupts by MSI when told to, its `e1000e` by MSI-X. Sources: QEMU, docs/specs/edu.rst; Intel 82574 Gigabit
/// Ethernet Controller Family Datasheet, sections 10.2.2.3 and 10.2.4.
enum DeviceInterruptTests {
  private static let rounds = 1_000
  private static let edu = TestMachine(memory: "256M", processorCount: 4, device: "edu")
  private static let network = TestMachine(memory: "256M", processorCount: 4, device: "e1000e")

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("device-interrupts.messages-to-every-cpu", on: edu, sendMessages)
    registrar.test("device-interrupts.message-tables", on: network, sendTableMessages)
  }

  /// Makes the device send messages to one CPU after the other, and follows each.
  private static func sendMessages() throws(TestFailure) {
    let function = try find(0x1234, 0x11e8)
    let registers = try map(function, slot: 0)
    try expect(registers.read32(at: 0) & 0xff == 0xed, "the device is not what it says")
    for processor in 0..<Processor.onlineCount {
      let counter = MessageCounter()
      let source = try vector(on: processor, counter)
      let message = source.message
      do throws(Errno) {
        try function.setMessages(
          address: message.address, data: UInt16(truncatingIfNeeded: message.data), count: 1)
        if function.canMaskMessages { try function.setMessage(0, isMasked: false) }
      } catch {
        throw TestFailure(reason: "MSI gives error \(error.rawValue)")
      }
      for round in 1...rounds {
        registers.write32(UInt32(round), at: 0x60)
        try wait(for: round, counter, processor)
        let arrivals = counter.arrivals.load(ordering: .acquiring)
        try expect(arrivals == round, "\(arrivals) messages have come for \(round)")
        registers.write32(UInt32(round), at: 0x64)
      }
      function.disableMessages()
      _ = consume source
      try expect(counter.strays.load(ordering: .relaxed) == 0, "messages came to other CPUs")
    }
    function.disable()
  }

  /// Makes the device send each of two entries of its table, masked and not.
  private static func sendTableMessages() throws(TestFailure) {
    let function = try find(0x8086, 0x10d3)
    let registers = try map(function, slot: 0)
    let (first, second) = (MessageCounter(), MessageCounter())
    let firstSource = try vector(on: 1, first)
    let secondSource = try vector(on: 2, second)
    let table = try fillTable(of: function, firstSource.message, secondSource.message)
    // Receive queue 0 is entry 0 and "other causes" are entry 1: each field of IVAR is an entry and a bit that says it is valid.
    registers.write32(0x8 | 0x9 << 16, at: 0xe4)
    registers.write32(1 << 20 | 1 << 24, at: 0xd0)
    for _ in 0..<rounds {
      // The device may send a message again for a cause that is still there, so only more are wanted than before.
      let before = first.arrivals.load(ordering: .acquiring)
      registers.write32(1 << 20, at: 0xc8)
      try wait(for: before + 1, first, 1)
      registers.write32(1 << 20, at: 0xc0)
    }
    // The second entry is still masked: its message is held back until it is not.
    registers.write32(1 << 24, at: 0xc8)
    pause(nanoseconds: 5_000_000)
    try expect(second.arrivals.load(ordering: .acquiring) == 0, "a masked entry was sent")
    do throws(Errno) { try table.set(1, isMasked: false) } catch {
      throw TestFailure(reason: "unmasking gives error \(error.rawValue)")
    }
    try wait(for: 1, second, 2)
    function.disableExtendedMessages()
    function.disable()
    _ = consume firstSource
    _ = consume secondSource
  }

  /// Sets two entries up, the second masked, and turns MSI-X on.
  private static func fillTable(
    of function: PCIFunction, _ first: InterruptMessage, _ second: InterruptMessage
  ) throws(TestFailure) -> PCIMessages<DeviceSpace> {
    do throws(Errno) {
      let table = try function.mapMessageTable()
      try table.set(0, address: first.address, data: first.data)
      try table.set(1, address: second.address, data: second.data)
      try function.enableExtendedMessages()
      try table.set(0, isMasked: false)
      return table
    } catch {
      throw TestFailure(reason: "MSI-X gives error \(error.rawValue)")
    }
  }

  private static func vector(on processor: Int, _ counter: MessageCounter) throws(TestFailure) -> InterruptSource {
    do throws(Errno) {
      return try DeviceVectors.allocate(on: 1 << UInt64(processor), handler: counter)
    } catch {
      throw TestFailure(reason: "no vector on CPU \(UInt64(processor)): error \(error.rawValue)")
    }
  }

  private static func wait(for count: Int, _ counter: MessageCounter, _ processor: Int) throws(TestFailure) {
    let begin = Clock.nanoseconds
    while counter.arrivals.load(ordering: .acquiring) < count, Clock.nanoseconds &- begin < 5_000_000_000 {
      Machine.pause()
    }
    let arrivals = counter.arrivals.load(ordering: .acquiring)
    try expect(arrivals >= count, "\(arrivals) of \(count) messages have come to CPU \(UInt64(processor))")
  }

  private static func pause(nanoseconds: UInt64) {
    let begin = Clock.nanoseconds
    while Clock.nanoseconds &- begin < nanoseconds { Machine.pause() }
  }

  private static func find(_ vendor: UInt16, _ device: UInt16) throws(TestFailure) -> PCIFunction {
    let found: PCIFunction?? = PCISystem.withHierarchy { hierarchy in
      for index in 0..<hierarchy.count where hierarchy[index].vendor == vendor && hierarchy[index].device == device {
        return hierarchy[index]
      }
      return nil
    }
    guard let function = found ?? nil else { throw TestFailure(reason: "the device is not there") }
    return function
  }

  private static func map(_ function: PCIFunction, slot: Int) throws(TestFailure) -> DeviceSpace {
    do throws(Errno) {
      try function.enable(isMaster: true)
      guard let slot = PCIResourceSlot(rawValue: slot), let range = function[slot].range else { throw .ENXIO }
      return try DeviceSpace.map(range)
    } catch {
      throw TestFailure(reason: "its registers cannot be mapped: error \(error.rawValue)")
    }
  }
}

/// Counts the messages of a device, and those that came to the wrong CPU.
private final class MessageCounter: InterruptHandler {
  let arrivals = Atomic<Int>(0)
  let strays = Atomic<Int>(0)
  private let processor = Atomic<Int>(-1)

  override func handle() -> Bool {
    let current = Processor.current
    let (isFirst, expected) = processor.compareExchange(expected: -1, desired: current, ordering: .relaxed)
    if !isFirst, expected != current { strays.add(1, ordering: .relaxed) }
    arrivals.add(1, ordering: .acquiringAndReleasing)
    return true
  }
}
