import DeviceModels
import Foundations
import Testing

@testable import EducationalDriver

/// The device in software: the rules of its registers come from the spec, what it does from here.
private final class EducationalModelDevice {
  typealias Layout = EducationalModel

  let model = DeviceModel(Layout.layout)
  /// What it does not do, for tests of what a driver makes of that.
  var isStuck = false
  var isGone = false { didSet { model.isGone = isGone } }

  init() {
    model.onWrite[Layout.liveness] = { model, _, value in model[Layout.liveness] = ~value & 0xffff_ffff }
    model.onWrite[Layout.factorial] = { [unowned self] model, _, value in
      model[Layout.Status.isComputing] = 1
      if !isStuck { finish(value) }
    }
    model.onWrite[Layout.interruptRaise] = { model, _, value in model[Layout.interruptStatus] |= value }
    model.onWrite[Layout.interruptAcknowledge] = { model, _, value in model[Layout.interruptStatus] &= ~value }
  }

  private func finish(_ number: UInt64) {
    var product: UInt32 = 1
    for factor in stride(from: UInt32(truncatingIfNeeded: number), to: 1, by: -1) { product = product &* factor }
    model[Layout.factorial] = UInt64(product)
    model[Layout.Status.isComputing] = 0
    if model[Layout.Status.interruptsWhenDone] == 1 { model[Layout.InterruptStatus.factorialIsDone] = 1 }
  }
}

@Suite("QEMU's edu")
struct DeviceTests {
  @Test(
    "Factorials come with an interrupt, acknowledged once", arguments: [(0, 1), (1, 1), (5, 120), (12, 479_001_600)])
  func factorials(number: UInt32, result: UInt32) throws {
    let model = EducationalModelDevice()
    let device = try EducationalDevice(model.model)
    try device.beginFactorial(of: number)
    #expect(try device.takeInterrupts() == EducationalInterrupts(isAny: true, factorialIsDone: true, copyIsDone: false))
    #expect(
      try device.takeInterrupts() == EducationalInterrupts(isAny: false, factorialIsDone: false, copyIsDone: false))
    let factorial = device.takeFactorial()
    #expect(factorial == result)
    #expect(model.model.violations.isEmpty)
  }

  @Test("An interrupt that was raised for nothing that it does is one, and is acknowledged")
  func raised() throws {
    let model = EducationalModelDevice()
    let device = try EducationalDevice(model.model)
    device.raiseInterrupt()
    #expect(
      try device.takeInterrupts() == EducationalInterrupts(isAny: true, factorialIsDone: false, copyIsDone: false))
    let next = try device.takeInterrupts()
    #expect(!next.isAny && model.model.violations.isEmpty)
  }

  @Test("A device that is stuck gives nothing, and takes no second number")
  func stuck() throws {
    let model = EducationalModelDevice()
    let device = try EducationalDevice(model.model)
    model.isStuck = true
    try device.beginFactorial(of: 3)
    let factorial = device.takeFactorial()
    #expect(factorial == nil)
    #expect(throws: Errno.EBUSY) { try device.beginFactorial(of: 4) }
  }

  @Test("A copy is begun with all of its numbers, and no second one meanwhile")
  func copies() throws {
    let model = EducationalModelDevice()
    let device = try EducationalDevice(model.model)
    #expect(throws: Errno.EINVAL) { try device.beginCopy(fromMemory: 0, count: 4097) }
    #expect(throws: Errno.EINVAL) { try device.beginCopy(fromMemory: 0, count: 0) }
    try device.beginCopy(fromMemory: 0x12_3000, count: 4096)
    typealias Layout = EducationalModel
    #expect(model.model[Layout.copySource] == 0x12_3000 && model.model[Layout.copyDestination] == 0x4_0000)
    #expect(model.model[Layout.copyCount] == 4096 && model.model[Layout.copyCommand] == 1)
    #expect(throws: Errno.EBUSY) { try device.beginCopy(fromMemory: 0, count: 8) }
    model.model[Layout.copyCommand] = 0
    try device.beginCopy(fromMemory: 0, count: 8)
    #expect(model.model.violations.isEmpty)
    model.isGone = true
    #expect(throws: Errno.EBUSY) { try device.beginCopy(fromMemory: 0, count: 8) }
  }

  @Test("What is another device, or does not invert, is not taken")
  func others() {
    let other = EducationalModelDevice()
    other.model.stick(EducationalModel.identification, at: 0x1234_5678)
    #expect(throws: Errno.ENODEV) { _ = try EducationalDevice(other.model) }
    let lazy = EducationalModelDevice()
    lazy.model.stick(EducationalModel.liveness, at: 0)
    #expect(throws: Errno.ENODEV) { _ = try EducationalDevice(lazy.model) }
  }

  @Test("A device that goes away is an error, not a result")
  func gone() throws {
    let model = EducationalModelDevice()
    let device = try EducationalDevice(model.model)
    try device.beginFactorial(of: 5)
    model.isGone = true
    #expect(throws: Errno.ENODEV) { try device.takeInterrupts() }
    let isAlive = device.isAlive
    #expect(!isAlive)
    #expect(throws: Errno.EBUSY) { try device.beginFactorial(of: 5) }
  }
}
