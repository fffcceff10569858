"""Load the encoder that a configuration asks for; its family is imported only then."""

from s2r.core.errors import UserError
from s2r.speech.encoder import Encoder, EncoderConfig


def load_encoder(
    config: EncoderConfig, weights_folder: str = "weights", device: str = "cpu"
) -> Encoder:
    """The encoder that ``config`` asks for, ready on ``device``.

    Whisper's weights are fetched into ``weights_folder`` on first use. Raises UserError for an
    unknown kind or layer, and for a model that cannot be reached or does not fit its class.
    """
    if config.kind == "logmel":
        from s2r.speech import logmel

        return logmel.load()
    if config.kind == "whisper":
        from s2r.speech import whisper

        return whisper.load(config.layer, weights_folder, device)
    if config.kind == "huggingface":
        from s2r.speech import huggingface

        return huggingface.load(
            config.model, config.revision, config.layer, device, config.as_wav2vec2
        )
    raise UserError(
        f"Unknown speech encoder kind {config.kind!r}: use logmel, whisper or huggingface."
    )
