import DeviceModels
import Foundations
import Machine
import Testing

@testable import Virtio

@Suite("VirtioDevice")
struct DeviceTests {
  private func model(
    _ offered: UInt64 = Bit.version1, queues: [Int] = [8, 8], configuration: [UInt8] = []
  ) -> VirtioDeviceModel {
    VirtioDeviceModel(kind: 3, offered: offered, queueSizes: queues, configuration: configuration)
  }

  private func device(_ model: VirtioDeviceModel, commonByteCount: Int = 0x3c) -> VirtioDevice {
    VirtioDevice(transport(model, commonByteCount: commonByteCount), pacer: VirtioPacer(attempts: 10))
  }

  @Test("Setting up follows the order of the document, and breaks no rule")
  func setUp() throws {
    try SimulatedMemory.exclusive {
      let model = model(Bit.version1 | Bit.packed | 0b101)
      var statuses: [UInt64] = []
      let hook = model.common.onWrite[VirtioCommonModel.status]
      model.common.onWrite[VirtioCommonModel.status] = {
        statuses.append($2)
        hook?($0, $1, $2)
      }
      let device = device(model)
      try device.begin(VirtioFeatures(rawValue: 0b110))
      #expect(device.features == [.version1, .packedRing, VirtioFeatures(rawValue: 0b100)])
      #expect(model.accepted == Bit.version1 | Bit.packed | 0b100)
      _ = try device.makeQueue(0, .init(size: 8))
      #expect(try device.start(messageCount: 0) == .line)
      #expect(statuses == [0, 1, 3, 11, 15] && model.isDriven)
      #expect(model.common.violations == [] && model.queues[0].isEnabled && !model.queues[1].isEnabled)
      try device.stop(isGone: false)
      #expect(statuses.last == 0 && device.state == .idle && !model.queues[0].isEnabled)
    }
  }

  @Test("Only what is offered, wanted and usable is agreed on; version 1 must be")
  func features() throws {
    try SimulatedMemory.exclusive {
      let all = Bit.version1 | Bit.packed | Bit.event | Bit.indirect | Bit.platform | Bit.reset | 1 << 38 | 1 << 35
      let full = model(all)
      let device = device(full)
      try device.begin([])
      #expect(device.features == .transport.subtracting(.orderPlatform))
      let old = self.device(full, commonByteCount: 0x38)
      try old.begin([])
      #expect(!old.features.contains(.ringReset))
      let legacy = self.device(model(Bit.event))
      #expect(throws: VirtioError.noAgreement) { try legacy.begin([]) }
      full.refusesFeatures = true
      #expect(throws: VirtioError.noAgreement) { try device.begin([]) }
      #expect(device.state == .failed && full.common[VirtioCommonModel.Status.hasFailed] == 1)
      full.refusesFeatures = false
      try device.begin([])
      #expect(device.state == .agreed)
    }
  }

  @Test("A reset that never ends, stuck bits and a device that has gone are errors in bounded time")
  func deadDevices() {
    SimulatedMemory.exclusive {
      let stuck = model()
      stuck.resetsForEver = true
      #expect(throws: VirtioError.resetTimeout) { try device(stuck).begin([]) }
      #expect(stuck.common.accessCount < 50)

      let bit = model()
      bit.common.stick(VirtioCommonModel.Status.isAcknowledged, at: 1)
      #expect(throws: VirtioError.resetTimeout) { try device(bit).begin([]) }

      let gone = model()
      gone.isGone = true
      #expect(throws: VirtioError.gone) { try device(gone).begin([]) }

      // It goes away after each number of accesses.
      for limit in 0..<120 {
        let model = model()
        model.common.beforeAccess = { if $0.accessCount > limit { model.isGone = true } }
        let device = device(model)
        do throws(VirtioError) {
          try device.begin([])
          _ = try device.makeQueue(0, .init(size: 8))
          try device.start(messageCount: 3)
          #expect(limit > 10)
        } catch {
          #expect(error == .gone || error == .noQueue || error == .noAgreement, "after \(limit): \(error)")
          #expect(device.state != .running)
        }
      }
    }
  }

  @Test("A device that needs a reset, or was reset by somebody else, is not used any more")
  func needsReset() throws {
    try SimulatedMemory.exclusive {
      let model = model()
      let device = device(model)
      try device.begin([])
      _ = try device.makeQueue(0, .init(size: 8))
      try device.start(messageCount: 0)
      try device.check()
      model.common[VirtioCommonModel.Status.needsReset] = 1
      #expect(throws: VirtioError.needsReset) { try device.check() }
      #expect(throws: VirtioError.stopped) { try device.check() }
      try device.begin([])
      _ = try device.makeQueue(0, .init(size: 8))
      try device.start(messageCount: 0)
      model.common[VirtioCommonModel.status] = 0
      #expect(throws: VirtioError.needsReset) { try device.check() }
    }
  }

  @Test("A queue takes the largest power of two that both sides allow; one that is not there is an error")
  func queueSizes() throws {
    try SimulatedMemory.exclusive {
      let model = model(queues: [100, 0, 8])
      let device = device(model)
      #expect(throws: VirtioError.stopped) { try device.makeQueue(0, .init(size: 8)) }
      try device.begin([])
      #expect(try device.makeQueue(0, .init(size: 1000)).size == 64)
      #expect(model.queues[0].size == 64)
      #expect(try device.makeQueue(2, .init(size: 5)).size == 4)
      #expect(throws: VirtioError.noQueue) { try device.makeQueue(1, .init(size: 8)) }
      #expect(throws: VirtioError.noQueue) { try device.makeQueue(3, .init(size: 8)) }
      #expect(throws: VirtioError.noQueue) { try device.makeQueue(-1, .init(size: 8)) }
      #expect(throws: VirtioError.noQueue) { try device.makeQueue(0, .init(size: 0)) }
      model.refusesQueues = true
      #expect(throws: VirtioError.noQueue) { try device.start(messageCount: 0) }
    }
  }

  @Test("Messages are shared out as far as there are some and the device takes them")
  func messages() throws {
    try SimulatedMemory.exclusive {
      func interrupts(queues: [Int], offered: Int, device limit: Int) throws -> (VirtioInterrupts, VirtioDeviceModel) {
        let model = self.model(queues: queues)
        model.messageLimit = limit
        let device = self.device(model)
        try device.begin([])
        for number in queues.indices { _ = try device.makeQueue(number, .init(size: 8)) }
        return (try device.start(messageCount: offered), model)
      }
      let (each, model) = try interrupts(queues: [8, 8, 8], offered: 4, device: 4)
      #expect(each == .perQueue(3) && each.messageCount == 4)
      #expect(model.queues.map(\.message) == [1, 2, 3])
      #expect(model.common[VirtioCommonModel.configurationMessage] == 0)
      #expect(try interrupts(queues: [8, 8, 8], offered: 3, device: 8).0 == .shared)
      #expect(try interrupts(queues: [8, 8, 8], offered: 8, device: 2).0 == .shared)
      #expect(try interrupts(queues: [8, 8], offered: 1, device: 8).0 == .single)
      #expect(try interrupts(queues: [8, 8], offered: 8, device: 1).0 == .single)
      let (line, lineModel) = try interrupts(queues: [8, 8], offered: 0, device: 8)
      #expect(line == .line && lineModel.queues.allSatisfy { $0.message == .max })
    }
  }

  @Test("What an interrupt tells of follows from how messages are shared out")
  func causes() throws {
    let each = VirtioInterrupts.perQueue(3)
    #expect(each.causes(ofMessage: 0) == VirtioCauses(queues: .none, isConfiguration: true))
    #expect(each.causes(ofMessage: 3) == VirtioCauses(queues: .one(2), isConfiguration: false))
    #expect(each.causes(ofMessage: 4) == VirtioCauses(queues: .none, isConfiguration: false))
    #expect(each.causes(ofMessage: -1) == VirtioCauses(queues: .none, isConfiguration: false))
    #expect(VirtioInterrupts.shared.causes(ofMessage: 1) == VirtioCauses(queues: .all, isConfiguration: false))
    #expect(VirtioInterrupts.single.causes(ofMessage: 0) == VirtioCauses(queues: .all, isConfiguration: true))
    #expect(each.causes(ofMessage: 2).contains(queue: 1) && !each.causes(ofMessage: 2).contains(queue: 2))
  }

  @Test("The line says why, once, and is nobody's when there is no reason")
  func line() throws {
    try SimulatedMemory.exclusive {
      let model = model()
      let device = device(model)
      try device.begin([])
      let queue = try device.makeQueue(0, .init(size: 8))
      try device.start(messageCount: 0)
      #expect(device.causesOfLine() == nil)
      model.configurationChanged()
      #expect(device.causesOfLine() == VirtioCauses(queues: .none, isConfiguration: true))
      #expect(device.causesOfLine() == nil)
      model.onRequest = { _, _ in 0 }
      let buffer = try DMABuffer(byteCount: 16)
      let segment = buffer.segment(at: 0, count: 16)
      try queue.submit(try #require(segment), .toDevice, token: 0)
      queue.notify()
      #expect(device.causesOfLine() == VirtioCauses(queues: .all, isConfiguration: false))
      model.isGone = true
      #expect(device.causesOfLine() == nil)
    }
  }

  @Test("A configuration is read as it is at one moment; one that never stands still is an error")
  func configuration() throws {
    try SimulatedMemory.exclusive {
      let model = model(configuration: [0x34, 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      let device = device(model)
      try device.begin([])
      #expect(device.read(VirtioField<UInt16>(offset: 0)) == 0x1234)
      #expect(device.read(VirtioField<UInt64>(offset: 4)) == 0x0a09_0807_0605_0403)
      #expect(device.read(VirtioField<UInt8>(offset: 2), at: 9) == 10)
      #expect(device.read(VirtioField<UInt8>(offset: 2), at: 10) == .max)
      #expect(device.read(VirtioField<UInt32>(offset: 9)) == .max)
      device.write(0x1122_3344_5566_7788, to: VirtioField<UInt64>(offset: 4))
      #expect(model.configuration[4...] == [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
      // It changes in the middle of the first look.
      var looks = 0
      let value = try device.readTogether {
        looks += 1
        let low = device.read(VirtioField<UInt8>(offset: 0))
        if looks == 1 {
          (model.configuration[0], model.configuration[1]) = (7, 7)
          model.configurationChanged()
        }
        return [low, device.read(VirtioField<UInt8>(offset: 1))]
      }
      #expect(value == [7, 7] && looks == 2)
      model.changesForEver = true
      #expect(throws: VirtioError.unstableConfiguration) { try device.readTogether {} }
      model.isGone = true
      #expect(throws: VirtioError.gone) { try device.readTogether {} }
    }
  }

  @Test("No memory is an error, and nothing stays behind")
  func noMemory() throws {
    try SimulatedMemory.exclusive {
      let before = SimulatedMemory.freeCount
      do {
        let model = model(Bit.version1 | Bit.packed)
        let device = device(model)
        try device.begin([])
        for limit in 0..<3 {
          AllocationFaults.fail(after: limit)
          #expect(throws: VirtioError.noMemory) { try device.makeQueue(0, .init(size: 8)) }
          AllocationFaults.fail(after: nil)
        }
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }
}
