import DeviceModels
import Testing

@testable import Machine

/// The local APIC in both its forms, against a model that keeps the rules of its registers.
@Suite("LocalAPIC")
struct LocalAPICTests {
  typealias Model = LocalAPICModel

  private static func model(lastEntry: UInt64 = 6) -> DeviceModel {
    let model = DeviceModel(Model.layout)
    model[Model.Version.version] = 0x14
    model[Model.Version.lastVectorEntry] = lastEntry
    return model
  }

  private static func checkStarted(_ model: DeviceModel) {
    #expect(model[Model.spuriousVector] == 0x1ff)
    #expect(model[Model.vectorError] == 250)
    #expect(model[Model.vectorTimer] & 1 << 16 != 0)
    #expect(model[Model.vectorInput0] & 1 << 16 != 0)
    #expect(model[Model.vectorInput1] & 1 << 16 != 0)
    #expect(model[Model.vectorPerformance] & 1 << 16 != 0)
    #expect(model[Model.vectorThermal] & 1 << 16 != 0)
    #expect(model[Model.taskPriority] == 0)
    #expect(model.violations == [])
  }

  @Test("Once started it takes interrupts, and only errors are not masked")
  func startsInMemory() {
    let model = Self.model()
    for key in [Model.vectorInput0, Model.vectorInput1, Model.vectorPerformance, Model.vectorThermal] {
      model[key] = 0x20
    }
    model[Model.taskPriority] = 0x70
    MemoryLocalAPIC(model).start(spurious: 255, error: 250)
    Self.checkStarted(model)
  }

  @Test("In x2APIC mode it is the same through model-specific registers")
  func startsByRegisters() {
    let model = Self.model()
    for key in [Model.vectorInput0, Model.vectorInput1, Model.vectorPerformance, Model.vectorThermal] {
      model[key] = 0x20
    }
    model[Model.taskPriority] = 0x70
    RegisterLocalAPIC(model).start(spurious: 255, error: 250)
    Self.checkStarted(model)
  }

  @Test("Entries that an old one lacks are left alone")
  func fewEntries() {
    let model = Self.model(lastEntry: 3)
    model[Model.vectorPerformance] = 0x20
    MemoryLocalAPIC(model).start(spurious: 255, error: 250)
    #expect(model[Model.vectorPerformance] == 0x20)
  }

  /// A model whose interrupts in service end, the highest first, and whoever counts that.
  private static func endingModel(_ ended: @escaping () -> Void) -> DeviceModel {
    let model = Self.model()
    model.onWrite[Model.endOfInterrupt] = { model, _, value in
      #expect(value == 0)
      ended()
      for word in stride(from: 7, through: 0, by: -1) where model[Model.inService, word] != 0 {
        let bits = model[Model.inService, word]
        model[Model.inService, word] = bits & ~(1 << UInt64(63 - bits.leadingZeroBitCount))
        break
      }
    }
    return model
  }

  @Test("An interrupt whose end was lost is found below the one that is served, and ended; nothing else is")
  func forgottenEnds() {
    var ends = 0
    let model = Self.endingModel { ends += 1 }
    let memory = MemoryLocalAPIC(model)
    #expect(memory.endForgotten(isServing: true) == nil)
    #expect(memory.endForgotten(isServing: false) == nil)
    model[Model.inService, 7] = 1 << 25
    #expect(memory.endForgotten(isServing: true) == nil)
    #expect(ends == 0 && model[Model.inService, 7] == 1 << 25)
    model[Model.inService, 1] = 1 << 16
    #expect(memory.endForgotten(isServing: true) == 48)
    #expect(ends == 2)
    for word in 0..<8 { #expect(model[Model.inService, word] == 0) }
    model[Model.inService, 7] = 1 << 31
    model[Model.inService, 6] = 1
    #expect(RegisterLocalAPIC(model).endForgotten(isServing: false) == 192)
    #expect(ends == 4)
    for word in 0..<8 { #expect(model[Model.inService, word] == 0) }
  }

  @Test("Interrupts that an earlier owner never ended are ended, each once")
  func endsOldInterrupts() {
    var ends = 0
    let model = Self.endingModel { ends += 1 }
    model[Model.inService, 1] = 1 << 3
    model[Model.inService, 7] = 1 << 31 | 1
    MemoryLocalAPIC(model).start(spurious: 255, error: 250)
    #expect(ends == 3)
    for word in 0..<8 { #expect(model[Model.inService, word] == 0) }
  }

  @Test("A message names its CPU before it is sent, and waits for the one before")
  func sends() {
    let model = Self.model()
    model[Model.InterruptCommandLow.isPending] = 1
    var looks = 0
    model.onRead[Model.interruptCommandLow] = { model, _ in
      looks += 1
      if looks == 3 { model[Model.InterruptCommandLow.isPending] = 0 }
    }
    var sent: [UInt64] = []
    model.onWrite[Model.interruptCommandLow] = { model, _, value in
      sent.append(model[Model.InterruptCommandHigh.destination] << 32 | value)
    }
    MemoryLocalAPIC(model).send(LocalAPICCommand(vector: 253), to: 5)
    #expect(looks == 3)
    #expect(sent == [5 << 32 | 0x40fd])
    MemoryLocalAPIC(model).send(LocalAPICCommand(mode: .initialize), to: 2)
    MemoryLocalAPIC(model).send(LocalAPICCommand(vector: 8, mode: .startUp), to: 2)
    #expect(sent.dropFirst() == [2 << 32 | 0x4500, 2 << 32 | 0x4608])
    #expect(model.violations == [])
  }

  @Test("A bus that never takes a message does not stop the kernel")
  func sendGivesUp() {
    let model = Self.model()
    model.stick(Model.InterruptCommandLow.isPending, at: 1)
    var count = 0
    model.onWrite[Model.interruptCommandLow] = { _, _, _ in count += 1 }
    var left = 2_000
    model.beforeAccess = { model in
      left -= 1
      if left == 0 { model.heal() }
    }
    MemoryLocalAPIC(model).send(LocalAPICCommand(vector: 253), to: 5)
    #expect(count == 1)
  }

  @Test("In x2APIC mode a message is one write, with a number of 32 bits")
  func sendsByRegister() {
    let model = Self.model()
    var sent: [UInt64] = []
    model.onWrite[Model.interruptCommand] = { _, _, value in sent.append(value) }
    RegisterLocalAPIC(model).send(LocalAPICCommand(vector: 252), to: 0x1_2345)
    #expect(sent == [0x1_2345 << 32 | 0x40fc])
    #expect(model.accessCount == 1)
  }

  @Test("An NMI pin is open, with the level that the firmware names", arguments: [false, true])
  func nonMaskable(isActiveLow: Bool) {
    let model = Self.model()
    MemoryLocalAPIC(model).start(spurious: 255, error: 250)
    MemoryLocalAPIC(model).connectNonMaskable(to: 1, isActiveLow: isActiveLow)
    #expect(model[Model.vectorInput1] == 0x400 | (isActiveLow ? 1 << 13 : 0))
    #expect(model[Model.vectorInput0] & 1 << 16 != 0)
  }

  @Test("Vectors in service and requested are found in their words")
  func bits() {
    let model = Self.model()
    model[Model.inService, 7] = 1 << 29
    model[Model.interruptRequest, 1] = 1
    let memory = MemoryLocalAPIC(model)
    #expect(memory.isInService(253) && !memory.isInService(252))
    #expect(memory.isRequested(32) && !memory.isRequested(33))
    let registers = RegisterLocalAPIC(model)
    #expect(registers.isInService(253) && !registers.isInService(252))
    #expect(registers.isRequested(32) && !registers.isRequested(33))
  }
}
