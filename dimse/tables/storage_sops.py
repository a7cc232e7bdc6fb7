"""The Storage SOP Classes: every UID that a C-STORE may name as its SOP class.

Current classes of PS3.4 B.5 and GG.3, the retired ones of B.6 and of earlier editions, and those
that DICOS and DICONDE define on top of DICOM. Compared with the standard's table in the tests.

The prefix is DCMTK's short code for the class ("CT", "MR", "SRt"), by which its tools name
files and messages; users know their files under these names. "-" stands where DCMTK has none.
Two classes share "SRi" there; the SOP Instance UID that follows keeps their file names apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from dimse.tables import TextTable
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Final

__all__ = ["STORAGE_SOP_CLASSES", "SUPPORTED_BY_DEFAULT", "StorageSOPClass", "name_of", "prefix_of"]


@dataclass(frozen=True, slots=True)
class StorageSOPClass:
    """One Storage SOP Class.

    Attributes:
        uid: the SOP Class UID as text.
        name: the UID name of PS3.6.
        keyword: the UID keyword of PS3.6.
        retired: whether the standard has withdrawn it; archives still hold such objects.
        prefix: DCMTK's code for it, 2 to 4 characters, or None.
    """

    uid: str
    name: str
    keyword: str
    retired: bool
    prefix: str | None


# UID, prefix, retired, keyword, name
_TABLE: Final = """
1.2.840.10008.1.3.10             -    N MediaStorageDirectoryStorage Media Storage Directory Storage
1.2.840.10008.5.1.1.27           SP   Y StoredPrintStorage Stored Print Storage SOP Class
1.2.840.10008.5.1.1.29           HG   Y HardcopyGrayscaleImageStorage Hardcopy Grayscale Image Storage SOP Class
1.2.840.10008.5.1.1.30           HC   Y HardcopyColorImageStorage Hardcopy Color Image Storage SOP Class
1.2.840.10008.5.1.4.1.1.1        CR   N ComputedRadiographyImageStorage Computed Radiography Image Storage
1.2.840.10008.5.1.4.1.1.1.1      DX   N DigitalXRayImageStorageForPresentation Digital X-Ray Image Storage - For Presentation
1.2.840.10008.5.1.4.1.1.1.1.1    DP   N DigitalXRayImageStorageForProcessing Digital X-Ray Image Storage - For Processing
1.2.840.10008.5.1.4.1.1.1.2      DXm  N DigitalMammographyXRayImageStorageForPresentation Digital Mammography X-Ray Image Storage - For Presentation
1.2.840.10008.5.1.4.1.1.1.2.1    DPm  N DigitalMammographyXRayImageStorageForProcessing Digital Mammography X-Ray Image Storage - For Processing
1.2.840.10008.5.1.4.1.1.1.3      DXo  N DigitalIntraOralXRayImageStorageForPresentation Digital Intra-Oral X-Ray Image Storage - For Presentation
1.2.840.10008.5.1.4.1.1.1.3.1    DPo  N DigitalIntraOralXRayImageStorageForProcessing Digital Intra-Oral X-Ray Image Storage - For Processing
1.2.840.10008.5.1.4.1.1.2        CT   N CTImageStorage CT Image Storage
1.2.840.10008.5.1.4.1.1.2.1      CTe  N EnhancedCTImageStorage Enhanced CT Image Storage
1.2.840.10008.5.1.4.1.1.2.2      CTl  N LegacyConvertedEnhancedCTImageStorage Legacy Converted Enhanced CT Image Storage
1.2.840.10008.5.1.4.1.1.3        USf  Y UltrasoundMultiFrameImageStorageRetired Ultrasound Multi-frame Image Storage
1.2.840.10008.5.1.4.1.1.3.1      USm  N UltrasoundMultiFrameImageStorage Ultrasound Multi-frame Image Storage
1.2.840.10008.5.1.4.1.1.4        MR   N MRImageStorage MR Image Storage
1.2.840.10008.5.1.4.1.1.4.1      MRe  N EnhancedMRImageStorage Enhanced MR Image Storage
1.2.840.10008.5.1.4.1.1.4.2      MRs  N MRSpectroscopyStorage MR Spectroscopy Storage
1.2.840.10008.5.1.4.1.1.4.3      MRc  N EnhancedMRColorImageStorage Enhanced MR Color Image Storage
1.2.840.10008.5.1.4.1.1.4.4      MRl  N LegacyConvertedEnhancedMRImageStorage Legacy Converted Enhanced MR Image Storage
1.2.840.10008.5.1.4.1.1.5        NMr  Y NuclearMedicineImageStorageRetired Nuclear Medicine Image Storage
1.2.840.10008.5.1.4.1.1.6        USr  Y UltrasoundImageStorageRetired Ultrasound Image Storage
1.2.840.10008.5.1.4.1.1.6.1      US   N UltrasoundImageStorage Ultrasound Image Storage
1.2.840.10008.5.1.4.1.1.6.2      USe  N EnhancedUSVolumeStorage Enhanced US Volume Storage
1.2.840.10008.5.1.4.1.1.6.3      PA   N PhotoacousticImageStorage Photoacoustic Image Storage
1.2.840.10008.5.1.4.1.1.7        SC   N SecondaryCaptureImageStorage Secondary Capture Image Storage
1.2.840.10008.5.1.4.1.1.7.1      SCs  N MultiFrameSingleBitSecondaryCaptureImageStorage Multi-frame Single Bit Secondary Capture Image Storage
1.2.840.10008.5.1.4.1.1.7.2      SCb  N MultiFrameGrayscaleByteSecondaryCaptureImageStorage Multi-frame Grayscale Byte Secondary Capture Image Storage
1.2.840.10008.5.1.4.1.1.7.3      SCw  N MultiFrameGrayscaleWordSecondaryCaptureImageStorage Multi-frame Grayscale Word Secondary Capture Image Storage
1.2.840.10008.5.1.4.1.1.7.4      SCc  N MultiFrameTrueColorSecondaryCaptureImageStorage Multi-frame True Color Secondary Capture Image Storage
1.2.840.10008.5.1.4.1.1.8        OV   Y StandaloneOverlayStorage Standalone Overlay Storage
1.2.840.10008.5.1.4.1.1.9        CV   Y StandaloneCurveStorage Standalone Curve Storage
1.2.840.10008.5.1.4.1.1.9.1      WV_d Y WaveformStorageTrial Waveform Storage - Trial
1.2.840.10008.5.1.4.1.1.9.1.1    TLE  N TwelveLeadECGWaveformStorage 12-lead ECG Waveform Storage
1.2.840.10008.5.1.4.1.1.9.1.2    ECG  N GeneralECGWaveformStorage General ECG Waveform Storage
1.2.840.10008.5.1.4.1.1.9.1.3    ECA  N AmbulatoryECGWaveformStorage Ambulatory ECG Waveform Storage
1.2.840.10008.5.1.4.1.1.9.1.4    ECGh N General32bitECGWaveformStorage General 32-bit ECG Waveform Storage
1.2.840.10008.5.1.4.1.1.9.2.1    WVh  N HemodynamicWaveformStorage Hemodynamic Waveform Storage
1.2.840.10008.5.1.4.1.1.9.3.1    WVc  N CardiacElectrophysiologyWaveformStorage Cardiac Electrophysiology Waveform Storage
1.2.840.10008.5.1.4.1.1.9.4.1    AUV  N BasicVoiceAudioWaveformStorage Basic Voice Audio Waveform Storage
1.2.840.10008.5.1.4.1.1.9.4.2    AUG  N GeneralAudioWaveformStorage General Audio Waveform Storage
1.2.840.10008.5.1.4.1.1.9.5.1    WVa  N ArterialPulseWaveformStorage Arterial Pulse Waveform Storage
1.2.840.10008.5.1.4.1.1.9.6.1    WVr  N RespiratoryWaveformStorage Respiratory Waveform Storage
1.2.840.10008.5.1.4.1.1.9.6.2    WVm  N MultichannelRespiratoryWaveformStorage Multi-channel Respiratory Waveform Storage
1.2.840.10008.5.1.4.1.1.9.7.1    EEG  N RoutineScalpElectroencephalogramWaveformStorage Routine Scalp Electroencephalogram Waveform Storage
1.2.840.10008.5.1.4.1.1.9.7.2    EMG  N ElectromyogramWaveformStorage Electromyogram Waveform Storage
1.2.840.10008.5.1.4.1.1.9.7.3    EOG  N ElectrooculogramWaveformStorage Electrooculogram Waveform Storage
1.2.840.10008.5.1.4.1.1.9.7.4    WVs  N SleepElectroencephalogramWaveformStorage Sleep Electroencephalogram Waveform Storage
1.2.840.10008.5.1.4.1.1.9.8.1    WVb  N BodyPositionWaveformStorage Body Position Waveform Storage
1.2.840.10008.5.1.4.1.1.9.100.1  -    N WaveformPresentationStateStorage Waveform Presentation State Storage
1.2.840.10008.5.1.4.1.1.9.100.2  -    N WaveformAcquisitionPresentationStateStorage Waveform Acquisition Presentation State Storage
1.2.840.10008.5.1.4.1.1.10       ML   Y StandaloneModalityLUTStorage Standalone Modality LUT Storage
1.2.840.10008.5.1.4.1.1.11       VO   Y StandaloneVOILUTStorage Standalone VOI LUT Storage
1.2.840.10008.5.1.4.1.1.11.1     PSg  N GrayscaleSoftcopyPresentationStateStorage Grayscale Softcopy Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.2     PSc  N ColorSoftcopyPresentationStateStorage Color Softcopy Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.3     PSp  N PseudoColorSoftcopyPresentationStateStorage Pseudo-Color Softcopy Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.4     PSb  N BlendingSoftcopyPresentationStateStorage Blending Softcopy Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.5     PSx  N XAXRFGrayscaleSoftcopyPresentationStateStorage XA/XRF Grayscale Softcopy Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.6     VPg  N GrayscalePlanarMPRVolumetricPresentationStateStorage Grayscale Planar MPR Volumetric Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.7     VPc  N CompositingPlanarMPRVolumetricPresentationStateStorage Compositing Planar MPR Volumetric Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.8     PSa  N AdvancedBlendingPresentationStateStorage Advanced Blending Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.9     VPv  N VolumeRenderingVolumetricPresentationStateStorage Volume Rendering Volumetric Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.10    VPs  N SegmentedVolumeRenderingVolumetricPresentationStateStorage Segmented Volume Rendering Volumetric Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.11    VPm  N MultipleVolumeRenderingVolumetricPresentationStateStorage Multiple Volume Rendering Volumetric Presentation State Storage
1.2.840.10008.5.1.4.1.1.11.12    PSv  N VariableModalityLUTSoftcopyPresentationStateStorage Variable Modality LUT Softcopy Presentation State Storage
1.2.840.10008.5.1.4.1.1.12.1     XA   N XRayAngiographicImageStorage X-Ray Angiographic Image Storage
1.2.840.10008.5.1.4.1.1.12.1.1   XAe  N EnhancedXAImageStorage Enhanced XA Image Storage
1.2.840.10008.5.1.4.1.1.12.2     RF   N XRayRadiofluoroscopicImageStorage X-Ray Radiofluoroscopic Image Storage
1.2.840.10008.5.1.4.1.1.12.2.1   RFe  N EnhancedXRFImageStorage Enhanced XRF Image Storage
1.2.840.10008.5.1.4.1.1.12.3     XB   Y XRayAngiographicBiPlaneImageStorage X-Ray Angiographic Bi-Plane Image Storage
1.2.840.10008.5.1.4.1.1.13.1.1   XA3  N XRay3DAngiographicImageStorage X-Ray 3D Angiographic Image Storage
1.2.840.10008.5.1.4.1.1.13.1.2   XC3  N XRay3DCraniofacialImageStorage X-Ray 3D Craniofacial Image Storage
1.2.840.10008.5.1.4.1.1.13.1.3   BT   N BreastTomosynthesisImageStorage Breast Tomosynthesis Image Storage
1.2.840.10008.5.1.4.1.1.13.1.4   BX   N BreastProjectionXRayImageStorageForPresentation Breast Projection X-Ray Image Storage - For Presentation
1.2.840.10008.5.1.4.1.1.13.1.5   BP   N BreastProjectionXRayImageStorageForProcessing Breast Projection X-Ray Image Storage - For Processing
1.2.840.10008.5.1.4.1.1.14.1     OCt  N IntravascularOpticalCoherenceTomographyImageStorageForPresentation Intravascular Optical Coherence Tomography Image Storage - For Presentation
1.2.840.10008.5.1.4.1.1.14.2     OCp  N IntravascularOpticalCoherenceTomographyImageStorageForProcessing Intravascular Optical Coherence Tomography Image Storage - For Processing
1.2.840.10008.5.1.4.1.1.20       NM   N NuclearMedicineImageStorage Nuclear Medicine Image Storage
1.2.840.10008.5.1.4.1.1.30       PM   N ParametricMapStorage Parametric Map Storage
1.2.840.10008.5.1.4.1.1.66       RAW  N RawDataStorage Raw Data Storage
1.2.840.10008.5.1.4.1.1.66.1     RGs  N SpatialRegistrationStorage Spatial Registration Storage
1.2.840.10008.5.1.4.1.1.66.2     FID  N SpatialFiducialsStorage Spatial Fiducials Storage
1.2.840.10008.5.1.4.1.1.66.3     RGd  N DeformableSpatialRegistrationStorage Deformable Spatial Registration Storage
1.2.840.10008.5.1.4.1.1.66.4     SG   N SegmentationStorage Segmentation Storage
1.2.840.10008.5.1.4.1.1.66.5     SGs  N SurfaceSegmentationStorage Surface Segmentation Storage
1.2.840.10008.5.1.4.1.1.66.6     TR   N TractographyResultsStorage Tractography Results Storage
1.2.840.10008.5.1.4.1.1.66.7     -    N LabelMapSegmentationStorage Label Map Segmentation Storage
1.2.840.10008.5.1.4.1.1.66.8     -    N HeightMapSegmentationStorage Height Map Segmentation Storage
1.2.840.10008.5.1.4.1.1.67       RWM  N RealWorldValueMappingStorage Real World Value Mapping Storage
1.2.840.10008.5.1.4.1.1.68.1     SSm  N SurfaceScanMeshStorage Surface Scan Mesh Storage
1.2.840.10008.5.1.4.1.1.68.2     SSp  N SurfaceScanPointCloudStorage Surface Scan Point Cloud Storage
1.2.840.10008.5.1.4.1.1.77.1     VLr  Y VLImageStorageTrial VL Image Storage - Trial
1.2.840.10008.5.1.4.1.1.77.1.1   VLe  N VLEndoscopicImageStorage VL Endoscopic Image Storage
1.2.840.10008.5.1.4.1.1.77.1.1.1 VVe  N VideoEndoscopicImageStorage Video Endoscopic Image Storage
1.2.840.10008.5.1.4.1.1.77.1.2   VLm  N VLMicroscopicImageStorage VL Microscopic Image Storage
1.2.840.10008.5.1.4.1.1.77.1.2.1 VVm  N VideoMicroscopicImageStorage Video Microscopic Image Storage
1.2.840.10008.5.1.4.1.1.77.1.3   VLs  N VLSlideCoordinatesMicroscopicImageStorage VL Slide-Coordinates Microscopic Image Storage
1.2.840.10008.5.1.4.1.1.77.1.4   VLp  N VLPhotographicImageStorage VL Photographic Image Storage
1.2.840.10008.5.1.4.1.1.77.1.4.1 VVp  N VideoPhotographicImageStorage Video Photographic Image Storage
1.2.840.10008.5.1.4.1.1.77.1.5.1 OPb  N OphthalmicPhotography8BitImageStorage Ophthalmic Photography 8 Bit Image Storage
1.2.840.10008.5.1.4.1.1.77.1.5.2 OPw  N OphthalmicPhotography16BitImageStorage Ophthalmic Photography 16 Bit Image Storage
1.2.840.10008.5.1.4.1.1.77.1.5.3 OPr  N StereometricRelationshipStorage Stereometric Relationship Storage
1.2.840.10008.5.1.4.1.1.77.1.5.4 OPt  N OphthalmicTomographyImageStorage Ophthalmic Tomography Image Storage
1.2.840.10008.5.1.4.1.1.77.1.5.5 OWs  N WideFieldOphthalmicPhotographyStereographicProjectionImageStorage Wide Field Ophthalmic Photography Stereographic Projection Image Storage
1.2.840.10008.5.1.4.1.1.77.1.5.6 OW3  N WideFieldOphthalmicPhotography3DCoordinatesImageStorage Wide Field Ophthalmic Photography 3D Coordinates Image Storage
1.2.840.10008.5.1.4.1.1.77.1.5.7 OCe  N OphthalmicOpticalCoherenceTomographyEnFaceImageStorage Ophthalmic Optical Coherence Tomography En Face Image Storage
1.2.840.10008.5.1.4.1.1.77.1.5.8 OCb  N OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysisStorage Ophthalmic Optical Coherence Tomography B-scan Volume Analysis Storage
1.2.840.10008.5.1.4.1.1.77.1.6   VLw  N VLWholeSlideMicroscopyImageStorage VL Whole Slide Microscopy Image Storage
1.2.840.10008.5.1.4.1.1.77.1.7   VLd  N DermoscopicPhotographyImageStorage Dermoscopic Photography Image Storage
1.2.840.10008.5.1.4.1.1.77.1.8   -    N ConfocalMicroscopyImageStorage Confocal Microscopy Image Storage
1.2.840.10008.5.1.4.1.1.77.1.9   -    N ConfocalMicroscopyTiledPyramidalImageStorage Confocal Microscopy Tiled Pyramidal Image Storage
1.2.840.10008.5.1.4.1.1.77.2     VMr  Y VLMultiFrameImageStorageTrial VL Multi-frame Image Storage - Trial
1.2.840.10008.5.1.4.1.1.78.1     OPl  N LensometryMeasurementsStorage Lensometry Measurements Storage
1.2.840.10008.5.1.4.1.1.78.2     OPa  N AutorefractionMeasurementsStorage Autorefraction Measurements Storage
1.2.840.10008.5.1.4.1.1.78.3     OPk  N KeratometryMeasurementsStorage Keratometry Measurements Storage
1.2.840.10008.5.1.4.1.1.78.4     OPs  N SubjectiveRefractionMeasurementsStorage Subjective Refraction Measurements Storage
1.2.840.10008.5.1.4.1.1.78.5     OPv  N VisualAcuityMeasurementsStorage Visual Acuity Measurements Storage
1.2.840.10008.5.1.4.1.1.78.6     SRs  N SpectaclePrescriptionReportStorage Spectacle Prescription Report Storage
1.2.840.10008.5.1.4.1.1.78.7     OPx  N OphthalmicAxialMeasurementsStorage Ophthalmic Axial Measurements Storage
1.2.840.10008.5.1.4.1.1.78.8     OPc  N IntraocularLensCalculationsStorage Intraocular Lens Calculations Storage
1.2.840.10008.5.1.4.1.1.79.1     SRg  N MacularGridThicknessAndVolumeReportStorage Macular Grid Thickness and Volume Report Storage
1.2.840.10008.5.1.4.1.1.80.1     OPp  N OphthalmicVisualFieldStaticPerimetryMeasurementsStorage Ophthalmic Visual Field Static Perimetry Measurements Storage
1.2.840.10008.5.1.4.1.1.81.1     OPm  N OphthalmicThicknessMapStorage Ophthalmic Thickness Map Storage
1.2.840.10008.5.1.4.1.1.82.1     CM   N CornealTopographyMapStorage Corneal Topography Map Storage
1.2.840.10008.5.1.4.1.1.88.1     SR_t Y TextSRStorageTrial Text SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.2     SR_a Y AudioSRStorageTrial Audio SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.3     SR_d Y DetailSRStorageTrial Detail SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.4     SR_c Y ComprehensiveSRStorageTrial Comprehensive SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.11    SRt  N BasicTextSRStorage Basic Text SR Storage
1.2.840.10008.5.1.4.1.1.88.22    SRe  N EnhancedSRStorage Enhanced SR Storage
1.2.840.10008.5.1.4.1.1.88.33    SRc  N ComprehensiveSRStorage Comprehensive SR Storage
1.2.840.10008.5.1.4.1.1.88.34    SR3  N Comprehensive3DSRStorage Comprehensive 3D SR Storage
1.2.840.10008.5.1.4.1.1.88.35    SRx  N ExtensibleSRStorage Extensible SR Storage
1.2.840.10008.5.1.4.1.1.88.40    SRp  N ProcedureLogStorage Procedure Log Storage
1.2.840.10008.5.1.4.1.1.88.50    SRm  N MammographyCADSRStorage Mammography CAD SR Storage
1.2.840.10008.5.1.4.1.1.88.59    KO   N KeyObjectSelectionDocumentStorage Key Object Selection Document Storage
1.2.840.10008.5.1.4.1.1.88.65    SRh  N ChestCADSRStorage Chest CAD SR Storage
1.2.840.10008.5.1.4.1.1.88.67    SRd  N XRayRadiationDoseSRStorage X-Ray Radiation Dose SR Storage
1.2.840.10008.5.1.4.1.1.88.68    SRr  N RadiopharmaceuticalRadiationDoseSRStorage Radiopharmaceutical Radiation Dose SR Storage
1.2.840.10008.5.1.4.1.1.88.69    SRo  N ColonCADSRStorage Colon CAD SR Storage
1.2.840.10008.5.1.4.1.1.88.70    SRi  N ImplantationPlanSRStorage Implantation Plan SR Storage
1.2.840.10008.5.1.4.1.1.88.71    SRa  N AcquisitionContextSRStorage Acquisition Context SR Storage
1.2.840.10008.5.1.4.1.1.88.72    SRu  N SimplifiedAdultEchoSRStorage Simplified Adult Echo SR Storage
1.2.840.10008.5.1.4.1.1.88.73    SRq  N PatientRadiationDoseSRStorage Patient Radiation Dose SR Storage
1.2.840.10008.5.1.4.1.1.88.74    SRj  N PlannedImagingAgentAdministrationSRStorage Planned Imaging Agent Administration SR Storage
1.2.840.10008.5.1.4.1.1.88.75    SRi  N PerformedImagingAgentAdministrationSRStorage Performed Imaging Agent Administration SR Storage
1.2.840.10008.5.1.4.1.1.88.76    SRde N EnhancedXRayRadiationDoseSRStorage Enhanced X-Ray Radiation Dose SR Storage
1.2.840.10008.5.1.4.1.1.88.77    -    N WaveformAnnotationSRStorage Waveform Annotation SR Storage
1.2.840.10008.5.1.4.1.1.90.1     AS   N ContentAssessmentResultsStorage Content Assessment Results Storage
1.2.840.10008.5.1.4.1.1.91.1     MAs  N MicroscopyBulkSimpleAnnotationsStorage Microscopy Bulk Simple Annotations Storage
1.2.840.10008.5.1.4.1.1.104.1    PDF  N EncapsulatedPDFStorage Encapsulated PDF Storage
1.2.840.10008.5.1.4.1.1.104.2    CDA  N EncapsulatedCDAStorage Encapsulated CDA Storage
1.2.840.10008.5.1.4.1.1.104.3    STL  N EncapsulatedSTLStorage Encapsulated STL Storage
1.2.840.10008.5.1.4.1.1.104.4    OBJ  N EncapsulatedOBJStorage Encapsulated OBJ Storage
1.2.840.10008.5.1.4.1.1.104.5    MTL  N EncapsulatedMTLStorage Encapsulated MTL Storage
1.2.840.10008.5.1.4.1.1.128      PI   N PositronEmissionTomographyImageStorage Positron Emission Tomography Image Storage
1.2.840.10008.5.1.4.1.1.128.1    PIl  N LegacyConvertedEnhancedPETImageStorage Legacy Converted Enhanced PET Image Storage
1.2.840.10008.5.1.4.1.1.129      PC   Y StandalonePETCurveStorage Standalone PET Curve Storage
1.2.840.10008.5.1.4.1.1.130      PIe  N EnhancedPETImageStorage Enhanced PET Image Storage
1.2.840.10008.5.1.4.1.1.131      SD   N BasicStructuredDisplayStorage Basic Structured Display Storage
1.2.840.10008.5.1.4.1.1.200.1    PPcd N CTDefinedProcedureProtocolStorage CT Defined Procedure Protocol Storage
1.2.840.10008.5.1.4.1.1.200.2    PPcp N CTPerformedProcedureProtocolStorage CT Performed Procedure Protocol Storage
1.2.840.10008.5.1.4.1.1.200.3    PAp  N ProtocolApprovalStorage Protocol Approval Storage
1.2.840.10008.5.1.4.1.1.200.7    PPxd N XADefinedProcedureProtocolStorage XA Defined Procedure Protocol Storage
1.2.840.10008.5.1.4.1.1.200.8    PPxp N XAPerformedProcedureProtocolStorage XA Performed Procedure Protocol Storage
1.2.840.10008.5.1.4.1.1.201.1    INV  N InventoryStorage Inventory Storage
1.2.840.10008.5.1.4.1.1.481.1    RI   N RTImageStorage RT Image Storage
1.2.840.10008.5.1.4.1.1.481.2    RD   N RTDoseStorage RT Dose Storage
1.2.840.10008.5.1.4.1.1.481.3    RS   N RTStructureSetStorage RT Structure Set Storage
1.2.840.10008.5.1.4.1.1.481.4    RTb  N RTBeamsTreatmentRecordStorage RT Beams Treatment Record Storage
1.2.840.10008.5.1.4.1.1.481.5    RP   N RTPlanStorage RT Plan Storage
1.2.840.10008.5.1.4.1.1.481.6    RTr  N RTBrachyTreatmentRecordStorage RT Brachy Treatment Record Storage
1.2.840.10008.5.1.4.1.1.481.7    RTs  N RTTreatmentSummaryRecordStorage RT Treatment Summary Record Storage
1.2.840.10008.5.1.4.1.1.481.8    RPi  N RTIonPlanStorage RT Ion Plan Storage
1.2.840.10008.5.1.4.1.1.481.9    RTi  N RTIonBeamsTreatmentRecordStorage RT Ion Beams Treatment Record Storage
1.2.840.10008.5.1.4.1.1.481.10   RIp  N RTPhysicianIntentStorage RT Physician Intent Storage
1.2.840.10008.5.1.4.1.1.481.11   RAs  N RTSegmentAnnotationStorage RT Segment Annotation Storage
1.2.840.10008.5.1.4.1.1.481.12   RSe  N RTRadiationSetStorage RT Radiation Set Storage
1.2.840.10008.5.1.4.1.1.481.13   Rca  N CArmPhotonElectronRadiationStorage C-Arm Photon-Electron Radiation Storage
1.2.840.10008.5.1.4.1.1.481.14   Rto  N TomotherapeuticRadiationStorage Tomotherapeutic Radiation Storage
1.2.840.10008.5.1.4.1.1.481.15   Rra  N RoboticArmRadiationStorage Robotic-Arm Radiation Storage
1.2.840.10008.5.1.4.1.1.481.16   RSr  N RTRadiationRecordSetStorage RT Radiation Record Set Storage
1.2.840.10008.5.1.4.1.1.481.17   RRs  N RTRadiationSalvageRecordStorage RT Radiation Salvage Record Storage
1.2.840.10008.5.1.4.1.1.481.18   RRt  N TomotherapeuticRadiationRecordStorage Tomotherapeutic Radiation Record Storage
1.2.840.10008.5.1.4.1.1.481.19   RRc  N CArmPhotonElectronRadiationRecordStorage C-Arm Photon-Electron Radiation Record Storage
1.2.840.10008.5.1.4.1.1.481.20   RRr  N RoboticRadiationRecordStorage Robotic Radiation Record Storage
1.2.840.10008.5.1.4.1.1.481.21   RSd  N RTRadiationSetDeliveryInstructionStorage RT Radiation Set Delivery Instruction Storage
1.2.840.10008.5.1.4.1.1.481.22   RTp  N RTTreatmentPreparationStorage RT Treatment Preparation Storage
1.2.840.10008.5.1.4.1.1.481.23   RIe  N EnhancedRTImageStorage Enhanced RT Image Storage
1.2.840.10008.5.1.4.1.1.481.24   RIc  N EnhancedContinuousRTImageStorage Enhanced Continuous RT Image Storage
1.2.840.10008.5.1.4.1.1.481.25   RPp  N RTPatientPositionAcquisitionInstructionStorage RT Patient Position Acquisition Instruction Storage
1.2.840.10008.5.1.4.1.1.501.1    CTs  N DICOSCTImageStorage DICOS CT Image Storage
1.2.840.10008.5.1.4.1.1.501.2.1  DXs  N DICOSDigitalXRayImageStorageForPresentation DICOS Digital X-Ray Image Storage - For Presentation
1.2.840.10008.5.1.4.1.1.501.2.2  DPs  N DICOSDigitalXRayImageStorageForProcessing DICOS Digital X-Ray Image Storage - For Processing
1.2.840.10008.5.1.4.1.1.501.3    TDR  N DICOSThreatDetectionReportStorage DICOS Threat Detection Report Storage
1.2.840.10008.5.1.4.1.1.501.4    AI2  N DICOS2DAITStorage DICOS 2D AIT Storage
1.2.840.10008.5.1.4.1.1.501.5    AI3  N DICOS3DAITStorage DICOS 3D AIT Storage
1.2.840.10008.5.1.4.1.1.501.6    QR   N DICOSQuadrupoleResonanceStorage DICOS Quadrupole Resonance (QR) Storage
1.2.840.10008.5.1.4.1.1.601.1    EC   N EddyCurrentImageStorage Eddy Current Image Storage
1.2.840.10008.5.1.4.1.1.601.2    ECm  N EddyCurrentMultiFrameImageStorage Eddy Current Multi-frame Image Storage
1.2.840.10008.5.1.4.1.1.601.3    -    N ThermographyImageStorage Thermography Image Storage
1.2.840.10008.5.1.4.1.1.601.4    -    N ThermographyMultiFrameImageStorage Thermography Multi-frame Image Storage
1.2.840.10008.5.1.4.1.1.601.5    -    N UltrasoundWaveformStorage UltrasoundWaveformStorage
1.2.840.10008.5.1.4.34.1         RB_d Y RTBeamsDeliveryInstructionStorageTrial RT Beams Delivery Instruction Storage - Trial
1.2.840.10008.5.1.4.34.7         RTd  N RTBeamsDeliveryInstructionStorage RT Beams Delivery Instruction Storage
1.2.840.10008.5.1.4.34.10        RTa  N RTBrachyApplicationSetupDeliveryInstructionStorage RT Brachy Application Setup Delivery Instruction Storage
1.2.840.10008.5.1.4.38.1         HP   N HangingProtocolStorage Hanging Protocol Storage
1.2.840.10008.5.1.4.39.1         CP   N ColorPaletteStorage Color Palette Storage
1.2.840.10008.5.1.4.43.1         IT   N GenericImplantTemplateStorage Generic Implant Template Storage
1.2.840.10008.5.1.4.44.1         ITa  N ImplantAssemblyTemplateStorage Implant Assembly Template Storage
1.2.840.10008.5.1.4.45.1         ITg  N ImplantTemplateGroupStorage Implant Template Group Storage
"""


def _row(line: str) -> StorageSOPClass:
    uid, prefix, retired, keyword, name = line.split(maxsplit=4)
    return StorageSOPClass(uid, name, keyword, retired == "Y", None if prefix == "-" else prefix)


STORAGE_SOP_CLASSES: Final[Mapping[str, StorageSOPClass]] = TextTable(_TABLE, _row)
"""The storage SOP classes of PS3.4 B.5 and Annex GG, by UID; those that are retired too."""

# What an acceptor takes when nothing else is said: all but the Media Storage Directory, which
# lives on media and is never sent (PS3.10 8).
SUPPORTED_BY_DEFAULT: Final = tuple(
    uid for uid in STORAGE_SOP_CLASSES if uid != "1.2.840.10008.1.3.10"
)
"""What a storage server accepts unless it is told otherwise: all but the Media Storage Directory."""


def name_of(uid: str) -> str:
    """The UID name of a storage SOP class, or the UID itself where the standard has none for it."""
    sop_class = STORAGE_SOP_CLASSES.get(uid)
    return uid if sop_class is None else sop_class.name


@lru_cache(maxsize=64)  # it is in the name of each object
def prefix_of(uid: str, default: str = "UNKNOWN") -> str:
    """DCMTK's short code for a storage SOP class, as in the file name CT.1.2.3.

    A class (its `uid`) without a code gets `default`: DCMTK's storescp writes "UNKNOWN", its storescu "OT".
    """
    sop_class = STORAGE_SOP_CLASSES.get(uid)
    return default if sop_class is None or sop_class.prefix is None else sop_class.prefix
