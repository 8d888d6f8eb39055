import DeviceFiles
import Foundations
import Input
import PlatformDrivers

/// The PC's speaker as an input device, which programs write sounds to. Source: Linux drivers/input/misc/pcspkr.
final class KernelSpeakers: SpeakerOutput {
  private let shown = ShownInputDevices<Speaker>()

  override func add(_ speaker: Speaker) throws(Errno) {
    let (vendor, product, version) = Speaker.identity
    var description = InputDescription(
      name: "\(Speaker.name.description)", physicalPath: "\(Speaker.physicalPath.description)",
      identity: InputIdentity(bus: InputBus.BUS_ISA, vendor: vendor, product: product, version: version))
    description.capabilities.insert(.EV_SND, Speaker.codes.bell)
    description.capabilities.insert(.EV_SND, Speaker.codes.tone)
    let device = try InputDevice(description, driver: SoundEvents())
    try shown.add(speaker, device, below: DeviceInputParent(speaker.device))
  }

  override func remove(_ speaker: Speaker) { shown.remove(speaker) }
}

/// What is written to the speaker's input device.
private final class SoundEvents: InputDriver {
  override func perform(_ event: InputEvent) {
    if event.type == .EV_SND { _ = Speaker.handleSoundEvent(code: event.code, value: event.value) }
  }
}
