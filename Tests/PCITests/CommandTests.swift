import Foundations
import Machine
import Synchronization
import TestSupport
import Testing

@testable import PCI

/// A function of which there is only the command register.
private final class CommandModel: PCIConfigurationAccess {
  let command = Atomic<UInt32>(0)
  /// Whether the next read of it takes long.
  let isSlow = Atomic<Bool>(false)
  let isBeingRead = Atomic<Bool>(false)

  func byteCount(of address: PCIAddress) -> Int { 256 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    switch offset {
    case 0: return width == 2 ? 0x1af4 : 0x1000_1af4
    case 2: return 0x1000
    case 4:
      let value = command.load(ordering: .acquiring)
      if isSlow.exchange(false, ordering: .acquiringAndReleasing) { pause() }
      return value
    default: return 0
    }
  }

  private func pause() {
    isBeingRead.store(true, ordering: .releasing)
    let begin = HostThread.nanoseconds
    while HostThread.nanoseconds - begin < 100_000_000 { HostThread.yield() }
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    if offset == 4 { command.store(value & 0xffff, ordering: .releasing) }
  }
}

@Suite("The command register of a function")
struct CommandTests {
  private static let master: UInt32 = 1 << 2
  private static let pinIsOff: UInt32 = 1 << 10

  @Test("What an interrupt or a program changes in it does not undo what a thread does at the same time")
  func race() throws {
    let model = CommandModel()
    let function = try #require(PCIFunction(model, PCIAddress(bus: 0, device: 3, function: 0)))
    let shared = Shared(value: (model, function))
    for isProgram in 0..<2 {
      model.command.store(Self.master, ordering: .releasing)
      model.isBeingRead.store(false, ordering: .releasing)
      let crew = Crew()
      crew.start {
        let (model, function) = shared.value
        model.isSlow.store(true, ordering: .releasing)
        if isProgram == 0 {
          function.setPinInterrupt(isEnabled: false)
        } else {
          // Of the status register beside it, which is all that it may change.
          try? function.writeForProgram(Self.master, at: 4, width: 4)
        }
      }
      while !model.isBeingRead.load(ordering: .acquiring) { HostThread.yield() }
      function.setMaster(false)
      crew.join()
      let command = model.command.load(ordering: .acquiring)
      #expect(command == (isProgram == 0 ? Self.pinIsOff : 0))
    }
  }
}
