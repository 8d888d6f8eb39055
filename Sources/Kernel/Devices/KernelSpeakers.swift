import DeviceFiles
import Foundations
import Input
import Machine
import PlatformDrivers

/// The PC's speaker as an input device, which programs write sounds to. Source: Linux drivers/input/misc/pcspkr.
final class KernelSpeakers: SpeakerOutput {
  private struct Shown {
    let speaker: Speaker
    let device: InputDevice
  }

  private let shown = SpinLock(GrowableArray<Shown>())

  override func add(_ speaker: Speaker) throws(Errno) {
    let (vendor, product, version) = Speaker.identity
    var description = InputDescription(
      name: "\(Speaker.name.description)", physicalPath: "\(Speaker.physicalPath.description)",
      identity: InputIdentity(bus: InputBus.BUS_ISA, vendor: vendor, product: product, version: version))
    description.capabilities.insert(.EV_SND, Speaker.codes.bell)
    description.capabilities.insert(.EV_SND, Speaker.codes.tone)
    let device = try InputDevice(description, driver: SoundEvents())
    try InputDevices.register(device, below: DeviceInputParent(speaker.device))
    do throws(Errno) {
      try shown.withLock { shown throws(Errno) in try shown.append(Shown(speaker: speaker, device: device)) }
    } catch {
      InputDevices.unregister(device)
      throw error
    }
  }

  override func remove(_ speaker: Speaker) {
    let device: InputDevice? = shown.withLock { shown in
      for index in 0..<shown.count where shown[index].speaker === speaker { return shown.remove(at: index).device }
      return nil
    }
    if let device { InputDevices.unregister(device) }
  }
}

/// What is written to the speaker's input device.
private final class SoundEvents: InputDriver {
  override func perform(_ event: InputEvent) {
    if event.type == .EV_SND { _ = Speaker.handleSoundEvent(code: event.code, value: event.value) }
  }
}
